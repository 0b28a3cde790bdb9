/*
 * Four threads that are CPUs: what mm/ asks of core/ for them. Calls between CPUs are taken where a
 * test lets a CPU take interrupts, that is, between two operations and while it waits for another.
 */
#ifndef THREAD_CPUS_H
#define THREAD_CPUS_H

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <board.h>
#include <arch/mmu.h>
#include <isa/host.h>
#include <kiln/cpu.h>
#include <kiln/panic.h>

#define CPUS 4

const struct board_facts board_facts = {.name = "threads"};
struct arch_space arch_boot_space;
_Thread_local struct host_cpu host_cpu;

struct call {
    void (*function)(void *argument);
    void *argument;
    uint32_t done;
};

/* What each CPU is asked to run; the one that asks exchanges it in, its CPU takes it out. */
static struct call *calls[CPUS];

_Noreturn void kiln_panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\nBail out! panic\n");
    fflush(stdout);
    _Exit(1);
}

_Noreturn void kiln_assert_failed(const char *expression, const char *file, int line,
                                  const char *function)
{
    kiln_panic("%s:%d: %s: %s", file, line, function, expression);
}

unsigned kiln_cpu_count(void)
{
    return CPUS;
}

unsigned kiln_cpu_id(void)
{
    return host_cpu.id;
}

static void take_interrupts(void)
{
    struct call *call = __atomic_exchange_n(&calls[host_cpu.id], NULL, __ATOMIC_ACQUIRE);

    if (!call)
        return;
    host_cpu.irqs_off = host_cpu.in_interrupt = true;
    call->function(call->argument);
    host_cpu.irqs_off = host_cpu.in_interrupt = false;
    __atomic_store_n(&call->done, 1, __ATOMIC_RELEASE);
}

static bool post(unsigned cpu, struct call *call)
{
    struct call *nobody = NULL;

    return __atomic_compare_exchange_n(&calls[cpu], &nobody, call, false, __ATOMIC_RELEASE,
                                       __ATOMIC_RELAXED);
}

int kiln_cpu_call(unsigned cpu, void (*function)(void *argument), void *argument)
{
    struct call call = {.function = function, .argument = argument};

    while (!post(cpu, &call))
        take_interrupts();
    while (!__atomic_load_n(&call.done, __ATOMIC_ACQUIRE)) {
        take_interrupts();
        sched_yield();
    }
    return 0;
}

#endif
