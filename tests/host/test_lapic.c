/*
 * The local APIC by itself: which mode it is put into, what firmware may leave, how other CPUs are
 * started, and the alarm. Each case is a program of its own, since a mode is chosen once.
 */
#include <setjmp.h>
#include <sys/wait.h>
#include <unistd.h>
#include <arch/counter.h>
#include <arch/upcall.h>
#include <kiln/config.h>
#include <x86_64/tsc.h>
#include "apic_model.h"

#define COUNTER_HZ 1000000000u
#define PAGE       0x9000u
#define SLOW_HOSTS 300

static jmp_buf panic_exit;
static bool has_slow_looks, is_timer_dead;

_Noreturn void core_clock_failed(const char *why)
{
    (void)why;
    longjmp(panic_exit, 1);
}

/* Ordered readings of the counter take some time, and a host may take more in between. */
static void take_time(void)
{
    host_cpu.counter += 40;
    if (has_slow_looks && test_below(3) == 0)
        host_cpu.counter += test_below(UINT64_C(1) << test_below(18));
    if (is_timer_dead)
        cpu.timer_start = host_cpu.counter;
}

static bool is_x2apic(void)
{
    return lapic_id() == 5 && (cpu.base & (APIC_ON | APIC_X2)) == (APIC_ON | APIC_X2);
}

static bool is_xapic(void)
{
    return lapic_id() == 5 && (cpu.base & (APIC_ON | APIC_X2)) == APIC_ON;
}

static bool hypervisor_without(void)
{
    cpu.is_hypervised = true;
    return is_xapic();
}

static bool hypervisor_with(void)
{
    cpu.is_hypervised = cpu.has_x2apic = true;
    return KILN_CONFIG_X2APIC ? is_x2apic() : is_xapic();
}

static bool bare_with(void)
{
    cpu.has_x2apic = true;
    return KILN_CONFIG_X2APIC == 2 ? is_x2apic() : is_xapic();
}

static bool tcg_with(void)
{
    cpu.is_hypervised = cpu.is_tcg = cpu.has_x2apic = true;
    return KILN_CONFIG_X2APIC == 2 ? is_x2apic() : is_xapic();
}

static bool left_in_x2apic(void)
{
    cpu.has_x2apic = true;
    write_base(cpu.base | APIC_X2);
    return is_x2apic();
}

static bool left_off(void)
{
    cpu.has_x2apic = cpu.is_hypervised = true;
    cpu.base &= ~(uint64_t)APIC_ON;
    return KILN_CONFIG_X2APIC ? is_x2apic() : is_xapic();
}

/* On, and what firmware has open or in service is neither; thermal and performance interrupts are
 * firmware's. */
static bool start_after_firmware(void)
{
    *lapic_register(LAPIC_LVT_TIMER) = 0x20031;
    *lapic_register(LAPIC_LVT_LINT0) = 0x700;
    *lapic_register(0x330) = 0x200;
    *lapic_register(LAPIC_TIMER_INITIAL) = 1000;
    cpu.in_service[0x31] = cpu.in_service[0xEF] = true;
    cpu.class = 15;
    lapic_start();
    return *lapic_register(LAPIC_LVT_TIMER) == 0x100FC && cpu.class == 0 &&
           *lapic_register(LAPIC_LVT_LINT0) == 0x10000 && !is_anything_served() &&
           *lapic_register(LAPIC_LVT_LINT1) == 0x400 && *lapic_register(0x330) == 0x200 &&
           *lapic_register(LAPIC_TIMER_INITIAL) == 0 && *lapic_register(LAPIC_SPURIOUS) == 0x1FF;
}

static bool start_after_reset(void)
{
    *lapic_register(LAPIC_SPURIOUS) = 0xFF;
    *lapic_register(LAPIC_LVT_LINT1) = 0x10000;
    lapic_start();
    return *lapic_register(LAPIC_LVT_LINT1) == 0x400;
}

static bool has_sent(unsigned n, uint32_t command)
{
    return n < cpu.command_count && cpu.commands[n] == ((uint64_t)9 << 32 | command);
}

static uint64_t time_between(unsigned from, unsigned to)
{
    return cpu.command_times[to] - cpu.command_times[from];
}

static bool start_cpu(void)
{
    cpu.busy_reads = 2;
    lapic_start_cpu(9, PAGE);
    return cpu.command_count == 3 && has_sent(0, 0x4500) && has_sent(1, 0x4609) &&
           has_sent(2, 0x4609) && time_between(0, 1) >= 10 * (COUNTER_HZ / 1000) &&
           time_between(1, 2) >= 200 * (COUNTER_HZ / 1000000) &&
           host_cpu.counter - cpu.command_times[2] >= 200 * (COUNTER_HZ / 1000000) &&
           !host_cpu.irqs_off;
}

static bool start_cpu_hypervised(void)
{
    cpu.is_hypervised = cpu.has_x2apic = true;
    lapic_start_cpu(9, PAGE);
    return cpu.command_count == 3 && has_sent(0, 0x4500) && has_sent(2, 0x4609) &&
           time_between(0, 2) < COUNTER_HZ / 1000000;
}

static bool alarm_off_before_start(void)
{
    tsc_alarm_off();
    return *lapic_register(LAPIC_TIMER_INITIAL) == 0 && cpu.errors == 0;
}

static bool deadline(void)
{
    cpu.has_deadline = true;
    lapic_start();
    if (*lapic_register(LAPIC_LVT_TIMER) != 0x500FC)
        return false;
    cpu.fences = 0;
    lapic_unmask(LAPIC_LVT_TIMER);
    if (*lapic_register(LAPIC_LVT_TIMER) != 0x400FC || cpu.fences == 0)
        return false;
    tsc_alarm_set(123456789012345);
    if (cpu.deadline != 123456789012345)
        return false;
    tsc_alarm_set(0);
    if (cpu.deadline == 0)
        return false;
    tsc_alarm_off();
    return cpu.deadline == 0;
}

/* When the alarm that has just been set comes: never late, and not more than a sixteenth early. */
static void check_alarm(uint64_t wait)
{
    uint64_t until = host_cpu.counter + wait;

    tsc_alarm_set(until);
    uint64_t counts = *lapic_register(LAPIC_TIMER_INITIAL);
    uint64_t comes = cpu.timer_start + counts * TIMER_RATIO;

    TEST_HOLDS(counts > 0, "wait %llu", (unsigned long long)wait);
    TEST_HOLDS(comes <= until + 20, "wait %llu: late by %lld", (unsigned long long)wait,
               (long long)(comes - until));
    if (wait > 100000 && wait < ((uint64_t)TIMER_RATIO << 32))
        TEST_HOLDS(comes >= until - wait / 16, "wait %llu: early by %lld", (unsigned long long)wait,
                   (long long)(until - comes));
}

static bool one_shot(void)
{
    lapic_start();
    lapic_unmask(LAPIC_LVT_TIMER);
    tsc_alarm_set(host_cpu.counter + 1000000);
    host_cpu.before_counter = NULL;
    for (unsigned n = 0; n < 500; n++)
        check_alarm(test_below(UINT64_C(1) << test_below(40)));
    tsc_alarm_set(UINT64_MAX);
    TEST_HOLDS(*lapic_register(LAPIC_TIMER_INITIAL) > 0xF0000000, "far away");
    tsc_alarm_set(0);
    TEST_HOLDS(*lapic_register(LAPIC_TIMER_INITIAL) == 1, "passed");
    TEST_HOLDS(*lapic_register(LAPIC_TIMER_DIVIDE) == 0xB, "not divided");
    tsc_alarm_off();
    TEST_HOLDS(*lapic_register(LAPIC_TIMER_INITIAL) == 0, "off");
    return test_violations == 0;
}

static bool one_shot_on_a_slow_host(void)
{
    has_slow_looks = true;
    return one_shot();
}

static bool dead_timer(void)
{
    is_timer_dead = true;
    lapic_start();
    if (setjmp(panic_exit))
        return true;
    tsc_alarm_set(host_cpu.counter + 1000000);
    return false;
}

static bool child_holds(bool (*holds)(void))
{
    int status;

    fflush(stdout);
    test_random();
    if (fork() == 0) {
        model_reset();
        host_cpu.counter_hz = COUNTER_HZ;
        host_cpu.before_counter = take_time;
        bool held = holds() && cpu.errors == 0;

        fflush(stdout);
        _exit(!held);
    }
    return wait(&status) > 0 && status == 0;
}

#define CHECK_CASE(name) tap_check(child_holds(name), #name)

int main(int argc, char **argv)
{
    unsigned held = 0;

    test_begin(argc, argv, 3);
    CHECK_CASE(hypervisor_without);
    CHECK_CASE(hypervisor_with);
    CHECK_CASE(bare_with);
    CHECK_CASE(tcg_with);
    CHECK_CASE(left_in_x2apic);
    CHECK_CASE(left_off);
    CHECK_CASE(start_after_firmware);
    CHECK_CASE(start_after_reset);
    CHECK_CASE(start_cpu);
    CHECK_CASE(start_cpu_hypervised);
    CHECK_CASE(alarm_off_before_start);
    CHECK_CASE(deadline);
    CHECK_CASE(one_shot);
    for (unsigned n = 0; n < SLOW_HOSTS; n++)
        held += child_holds(one_shot_on_a_slow_host);
    TAP_EQUAL(held, SLOW_HOSTS);
    CHECK_CASE(dead_timer);
    return tap_done();
}
