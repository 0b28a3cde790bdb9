/* The log ring. */
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

static void put_in_ring(void *context, char c)
{
    const bool *to_console = (const bool *)context;
    ring.bytes[ring.next++ & RING_MASK] = c;
    if (*to_console)
        core_console_put(c);
}

static void put_text(bool *to_console, const char *text)
{
    while (*text)
        put_in_ring(to_console, *text++);
}

static void check_ring(void)
{
    if (ring.magic != RING_MAGIC) {
        ring.magic = RING_MAGIC;
        ring.next = 0;
    }
}

void kiln_log_write(enum kiln_log_level level, const char *format, ...)
{
    static const char *const level_names[] = {"", "error: ", "warning: ", "", "debug: "};
    bool to_console = level <= KILN_CONFIG_LOG_CONSOLE;
    va_list arguments;
    va_start(arguments, format);
    uintptr_t state = kiln_spin_lock(&ring_lock);
    check_ring();
    core_panic_log = kiln_log_dump;
    put_text(&to_console, "kiln: ");
    put_text(&to_console, level_names[level]);
    format_print(put_in_ring, &to_console, format, &arguments);
    put_in_ring(&to_console, '\n');
    kiln_spin_unlock(&ring_lock, state);
    va_end(arguments);
}

void kiln_log_dump(void (*write)(char c))
{
    if (ring.magic != RING_MAGIC)
        return;
    uint32_t count = ring.next < KILN_CONFIG_LOG_BYTES ? ring.next : KILN_CONFIG_LOG_BYTES;
    for (uint32_t i = ring.next - count; i != ring.next; i++)
        write(ring.bytes[i & RING_MASK]);
}
