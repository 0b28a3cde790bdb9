/*
 * The console's input: the UART's interrupt fills a ring, the reader takes lines out of it. Linked
 * only into programs that read.
 */
#include <core/console.h>

#include <arch/cpu.h>
#include <arch/irq.h>
#include <board.h>
#include <core/line_discipline.h>
#include <kiln/console.h>
#include <kiln/irq.h>
#include <kiln/log.h>
#include <kiln/panic.h>
#include <kiln/spinlock.h>
#include <lib/ring.h>

#define INPUT_BYTES KILN_CONFIG_CONSOLE_INPUT_BYTES
#define AT_ONCE     8

_Static_assert((INPUT_BYTES & (INPUT_BYTES - 1)) == 0, "CONSOLE_INPUT_BYTES is a power of two");

/* The interrupt's side and the reader's, protected by input_lock. */
static struct kiln_spinlock input_lock = KILN_SPINLOCK_INIT;
static uint8_t ring_bytes[INPUT_BYTES];
static struct ring ring = RING_INIT(ring_bytes);
static bool is_held; /* the UART keeps what comes, for the ring is full */
static unsigned lost;

/* The reader's alone. */
static struct line_discipline line;
static bool is_started;
static bool is_loss_told;

/* Takes some of what the UART has, or holds it back when the ring is full. For what it still has
 * the interrupt comes again, also one that tells only of changes. */
static void fill_ring(void)
{
    uint8_t bytes[AT_ONCE];
    size_t room = INPUT_BYTES - ring_count(&ring), count;

    if (room == 0) {
        is_held = true;
        board_console_input_hold(true);
        return;
    }
    count = board_console_input_take(bytes, room < sizeof bytes ? room : sizeof bytes, &lost);
    for (size_t i = 0; i < count; i++)
        ring_put(&ring, bytes[i]);
    if (count) {
        board_console_input_hold(true);
        board_console_input_hold(false);
    }
}

KILN_INTERRUPT_HANDLER static void received(void *unused)
{
    uintptr_t state = kiln_spin_lock(&input_lock);

    (void)unused;
    fill_ring();
    kiln_spin_unlock(&input_lock, state);
}

static void echo(const void *text, size_t bytes)
{
    kiln_console_write(text, bytes);
}

static void start(void)
{
    int error;

    is_started = true;
    line.has_quotes = core_console_host() != CONSOLE_HOST_NONE;
    line.is_pipe = core_console_host() == CONSOLE_HOST_PIPE;
    line.echo = kiln_console_is_terminal() ? echo : NULL;
    error = board_console_input_start(received);
    if (error)
        kiln_panic("the console's interrupt cannot be used (error %d)", -error);
}

/* Lets the UART go on once half of the ring is free. */
static bool take_byte(uint8_t *byte)
{
    uintptr_t state = kiln_spin_lock(&input_lock);
    bool taken = ring_take(&ring, byte);

    if (is_held && ring_count(&ring) <= INPUT_BYTES / 2) {
        is_held = false;
        board_console_input_hold(false);
    }
    kiln_spin_unlock(&input_lock, state);
    return taken;
}

static void tell_loss(void)
{
    if (__atomic_load_n(&lost, __ATOMIC_RELAXED) && !is_loss_told) {
        is_loss_told = true;
        kiln_log_warning("console input came faster than it was taken: bytes are missing");
    }
}

/* Moves what has come into the line, until there is something to hand over; in raw mode what is
 * wanted, for the rest may be for the other mode. */
static void collect(size_t wanted)
{
    uint8_t byte;

    if (!is_started)
        start();
    while (line_has_room(&line) && !(line.is_raw && line_readable(&line) >= wanted) &&
           take_byte(&byte))
        line_put(&line, byte);
    tell_loss();
}

/* An interrupt that comes between the look and the sleep is pending and ends the sleep. */
static void wait_for_input(void)
{
    uintptr_t state = kiln_irq_save();

    if (ring_count(&ring) == 0)
        arch_cpu_idle();
    kiln_irq_restore(state);
}

size_t kiln_console_read(void *data, size_t bytes)
{
    KILN_ASSERT(!arch_in_interrupt() && !arch_irqs_off());
    if (bytes == 0)
        return 0;
    for (;;) {
        collect(bytes);
        if (line_is_ready(&line))
            return line_take(&line, data, bytes);
        wait_for_input();
    }
}

size_t kiln_console_readable(void)
{
    KILN_ASSERT(!arch_in_interrupt());
    collect(LINE_BYTES);
    return line_readable(&line);
}

void kiln_console_set_raw(bool raw)
{
    KILN_ASSERT(!arch_in_interrupt());
    line_set_raw(&line, raw);
}
