/* The console's output. Polled, so that it is in order with a panic's. */
#include <core/console.h>

#include <arch/cpu.h>
#include <arch/spin.h>
#include <board.h>
#include <core/hold.h>
#include <kiln/console.h>
#include <kiln/system.h>

/* 1 + the CPU that writes, or 0; atomic. Not a spinlock: those mask interrupts, and at 115200 baud
 * a line takes milliseconds. */
static uint32_t writer;

bool core_console_begin(bool may_wait)
{
    core_hold();
    uint32_t self = arch_cpu_id() + 1;
    uint32_t owner = 0;

    if (!KILN_CONFIG_SMP)
        return false;
    while (!__atomic_compare_exchange_n(&writer, &owner, self, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
        if (owner == self || (owner && !may_wait))
            return false;
        if (owner)
            arch_spin_until_changes(&writer, owner);
        owner = 0;
    }
    return true;
}

void core_console_end(bool began)
{
    if (began)
        __atomic_store_n(&writer, 0, __ATOMIC_RELEASE);
    core_release();
}

enum console_host core_console_host(void)
{
    static const char ready[] = "\033]kiln;ready\a";
    static enum console_host host;

    if (!host) {
        const char *option = kiln_boot_option("host");

        host = !option ? CONSOLE_HOST_NONE : *option == 'p' ? CONSOLE_HOST_PIPE : CONSOLE_HOST_TTY;
        if (option)
            board_write(ready, sizeof(ready) - 1);
    }
    return host;
}

void core_console_put(char c)
{
    char text[] = {'\r', c};
    bool is_pair = kiln_console_is_terminal() && c == '\n';

    board_write(is_pair ? text : text + 1, 1u + is_pair);
}

/* In runs: a board may have more to do for each call than for each byte. */
void kiln_console_write(const void *data, size_t bytes)
{
    const char *text = data, *end = text + bytes;
    bool began = core_console_begin(true);
    bool is_terminal = kiln_console_is_terminal();

    while (text < end) {
        const char *run = text;

        while (text < end && (*text != '\n' || !is_terminal))
            text++;
        board_write(run, (size_t)(text - run));
        if (text < end)
            core_console_put(*text++);
    }
    core_console_end(began);
}

bool kiln_console_is_terminal(void)
{
    return core_console_host() != CONSOLE_HOST_PIPE;
}
