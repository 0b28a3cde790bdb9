/* The log ring. */
#include <arch/irq.h>
#include <core/console.h>
#include <core/panic.h>
#include <kiln/log.h>
#include <kiln/spinlock.h>
#include <lib/format.h>

#define RING_MAGIC 0x4C4F474Bu
#define RING_MASK  (KILN_CONFIG_LOG_BYTES - 1)

_Static_assert((KILN_CONFIG_LOG_BYTES & RING_MASK) == 0, "LOG_BYTES is a power of two");

/* Survives a warm reset; protected by ring_lock. */
static struct {
    uint32_t magic;
    uint32_t next; /* where the next byte goes; counts on */
    char bytes[KILN_CONFIG_LOG_BYTES];
} ring KILN_NOINIT;

static struct kiln_spinlock ring_lock = KILN_SPINLOCK_INIT;

/* Where a line goes, whose length is known: its place in the ring is its own. */
struct line {
    uint32_t next, end;
    bool is_on_console;
};

static void count(void *context, char c)
{
    (void)c;
    ++*(uint32_t *)context;
}

static void put(void *context, char c)
{
    struct line *line = context;

    if (line->next == line->end) /* what is pointed to has grown meanwhile */
        return;
    ring.bytes[line->next++ & RING_MASK] = c;
    if (line->is_on_console)
        core_console_put(c);
}

static void write_line(format_put_t function, void *context, enum kiln_log_level level,
                       const char *format, va_list *arguments)
{
    static const char *const level_names[] = {"", "error: ", "warning: ", "", "debug: "};

    for (const char *text = "kiln: "; *text; text++)
        function(context, *text);
    for (const char *text = level_names[level]; *text; text++)
        function(context, *text);
    format_print(function, context, format, arguments);
}

/* What was there before is no longer told. */
static uint32_t reserve(uint32_t length)
{
    uintptr_t state = kiln_spin_lock(&ring_lock);

    if (ring.magic != RING_MAGIC) {
        ring.magic = RING_MAGIC;
        ring.next = 0;
    }
    core_panic_log = kiln_log_dump;
    uint32_t start = ring.next;

    ring.next += length;
    kiln_spin_unlock(&ring_lock, state);
    return start;
}

/* Formatted twice: for its length, with which it has its place, and into that. No lock is held
 * meanwhile, which at 115200 baud would be for milliseconds. */
void kiln_log_write(enum kiln_log_level level, const char *format, ...)
{
    va_list arguments;
    uint32_t length = 1;

    va_start(arguments, format);
    write_line(count, &length, level, format, &arguments);
    va_end(arguments);
    uint32_t start = reserve(length);
    struct line line = {start, start + length - 1, level <= KILN_CONFIG_LOG_CONSOLE};
    bool began = line.is_on_console && core_console_begin(!arch_irqs_off());

    va_start(arguments, format);
    write_line(put, &line, level, format, &arguments);
    va_end(arguments);
    while (line.next != line.end)
        put(&line, ' ');
    line.end++;
    put(&line, '\n');
    if (line.is_on_console)
        core_console_end(began);
}

void kiln_log_dump(void (*write)(char c))
{
    if (ring.magic != RING_MAGIC)
        return;
    uint32_t count = ring.next < KILN_CONFIG_LOG_BYTES ? ring.next : KILN_CONFIG_LOG_BYTES;
    for (uint32_t i = ring.next - count; i != ring.next; i++)
        write(ring.bytes[i & RING_MASK]);
}
