/* What a program finds out itself, and what goes wrong in interrupts and on other CPUs. */
#include "crash.h"
#include <assert.h>
#include <kiln.h>
#include <stdio.h>
#include <stdlib.h>

static void fail_assert(void)
{
    assert(hide(1) == 2);
}

static void fail_kiln_assert(void)
{
    KILN_ASSERT(hide(1) == 2);
}

static void call_abort(void)
{
    abort();
}

static void call_panic(void)
{
    kiln_log_info("the log tells what came before");
    kiln_panic("on request, number %d", 42);
}

static void panic_in_panic(void)
{
    kiln_panic("about a string that is not there: %s", (const char *)hide(0x3000000000));
}

static void overflow_signed(void)
{
    volatile int most = 0x7FFFFFFF;
    most = most + 1;
    printf("\n%d", most);
}

static volatile double product = 1.5;

KILN_INTERRUPT_HANDLER static void null_write_on_interrupt_stack(void *unused)
{
    (void)unused;
    *(volatile int *)hide(16) = 1;
}

static void use_floating_point(void *unused)
{
    (void)unused;
    product *= 2.5;
}

static int fill_interrupt_stack(volatile int depth)
{
    volatile char space[256];
    space[0] = (char)depth;
    return fill_interrupt_stack(depth + 1) + space[0];
}

KILN_INTERRUPT_HANDLER static void overflow_interrupt_stack(void *unused)
{
    (void)unused;
    fill_interrupt_stack(0);
}

KILN_INTERRUPT_HANDLER static void sleep_in_handler(void *unused)
{
    (void)unused;
    kiln_sleep_for(1000);
    STAY;
}

KILN_INTERRUPT_HANDLER static void lose_stack_in_handler(void *unused)
{
    (void)unused;
#if defined(__aarch64__)
    __asm__ volatile("mov sp, %0\n\tstr xzr, [sp, #-16]!" : : "r"(hide(0x3000000000)));
#elif defined(__x86_64__)
    __asm__ volatile("mov %0, %%rsp\n\tpush $0" : : "r"(hide(0x3000000000)));
#endif
}

/* On another CPU, where a call runs in an interrupt handler. */
static void in_interrupt(void (*function)(void *))
{
    if (kiln_cpu_call(1, function, NULL))
        printf("\ncrash: this takes a second CPU: ./kiln run --smp 2");
}

static void handler_fault(void)
{
    in_interrupt(null_write_on_interrupt_stack);
}

static void handler_float(void)
{
    in_interrupt(use_floating_point);
}

static void handler_overflow(void)
{
    in_interrupt(overflow_interrupt_stack);
}

static void handler_sleep(void)
{
    in_interrupt(sleep_in_handler);
}

static void handler_lost_stack(void)
{
    in_interrupt(lose_stack_in_handler);
}

const struct crash program_crashes[] = {
    {"assert", "fail an assert()", fail_assert},
    {"kiln-assert", "fail a KILN_ASSERT()", fail_kiln_assert},
    {"abort", "call abort()", call_abort},
    {"panic", "call kiln_panic()", call_panic},
    {"panic-in-panic", "call kiln_panic() with a wrong pointer", panic_in_panic},
    {"signed-overflow", "overflow an int (found with --config UBSAN=1)", overflow_signed},
    {"handler-fault", "write through a null pointer in an interrupt handler (--smp 2)",
     handler_fault},
    {"handler-float", "compute with floating point in an interrupt handler (--smp 2)",
     handler_float},
    {"handler-overflow", "recurse without end in an interrupt handler (--smp 2)", handler_overflow},
    {"handler-sleep", "sleep in an interrupt handler (--smp 2)", handler_sleep},
    {"handler-stack", "lose the stack pointer in an interrupt handler (--smp 2)",
     handler_lost_stack},
    {0},
};
