/* Facts about the image and the board; ending the run. */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <board.h>
#include <core/build_id.h>
#include <core/cpu.h>
#include <core/exit.h>
#include <core/fault_injection.h>
#include <core/irqs_off.h>
#include <kiln/heap_profile.h>
#include <kiln/panic.h>
#include <kiln/system.h>

#define PANIC_STATUS 134

const char *kiln_board_name(void)
{
    return board_facts.name;
}

const char *kiln_build_id(void)
{
    static char text[2 * 20 + 1];
    size_t length = 0;
    for (const uint8_t *byte = BUILD_ID_START; byte < BUILD_ID_END && length < sizeof text - 1;
         byte++) {
        text[length++] = "0123456789abcdef"[*byte >> 4];
        text[length++] = "0123456789abcdef"[*byte & 15];
    }
    return text;
}

/* What is left when nobody takes an exit status. */
static enum { LEAVE_POWER_OFF, LEAVE_RESET, LEAVE_HALT } leave;

_Noreturn void core_semihost_absent(void)
{
    if (leave == LEAVE_RESET)
        board_reset();
    if (leave == LEAVE_POWER_OFF)
        board_power_off();
    arch_cpu_halt();
}

static _Noreturn void end(int status)
{
    arch_irq_disable();
    core_stop_other_cpus();
    if (KILN_CONFIG_FAULT_INJECTION)
        core_fault_injection_tell();
    arch_semihost_exit(status);
    core_semihost_absent();
}

void kiln_exit(int status)
{
    leave = KILN_CONFIG_EXIT_RESET ? LEAVE_RESET : LEAVE_POWER_OFF;
    if (KILN_CONFIG_HEAP_PROFILE)
        kiln_heap_profile_print();
    if (KILN_CONFIG_IRQS_OFF_TRACE)
        core_irqs_off_tell();
    end(status);
}

void core_exit_panicked(void)
{
    leave = KILN_CONFIG_PANIC_RESET ? LEAVE_RESET : LEAVE_HALT;
    end(PANIC_STATUS);
}

void kiln_reset(void)
{
    arch_irq_disable();
    core_stop_other_cpus();
    leave = LEAVE_RESET;
    core_semihost_absent();
}
