/* What other CPUs hold is not lost: a pointer on their stacks, in their registers, in the
 * thread-local data of their threads. Also while a CPU takes no interrupt. */
#include <stdint.h>
#include <stdlib.h>
#include <kiln.h>
#include "run_on_cpu.h"
#include "tap.h"

/* Addresses are kept as their complement, which is none. */
static uintptr_t hidden;
static uint32_t step; /* atomic; where the other CPU is, and then how far it may go */

static void go_on_to(uint32_t next)
{
    __atomic_store_n(&step, next, __ATOMIC_RELEASE);
}

static void wait_for(uint32_t next)
{
    while (__atomic_load_n(&step, __ATOMIC_ACQUIRE) != next)
        relax();
}

static void on_stack(unsigned cpu)
{
    void *volatile pointer = (void *)~hidden;

    (void)cpu;
    go_on_to(1);
    wait_for(2);
    pointer = NULL;
    (void)pointer;
    go_on_to(3);
}

/* One that a function changes, or one that it keeps. */
static void wait_with_changed(void)
{
#ifdef __x86_64__
    register uintptr_t only asm("r10") = ~hidden;
#else
    register uintptr_t only asm("x15") = ~hidden;
#endif

    __atomic_store_n(&step, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&step, __ATOMIC_ACQUIRE) != 2)
        __asm__ volatile("" : "+r"(only));
}

static void wait_with_kept(void)
{
#ifdef __x86_64__
    register uintptr_t only asm("r13") = ~hidden;
#else
    register uintptr_t only asm("x26") = ~hidden;
#endif

    __atomic_store_n(&step, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&step, __ATOMIC_ACQUIRE) != 2)
        __asm__ volatile("" : "+r"(only));
}

/* Registers are forgotten by being used for something else. */
static void forget(void)
{
#ifdef __x86_64__
    __asm__ volatile("xorl %%r10d, %%r10d\n\txorl %%r13d, %%r13d" : : : "r10", "r13");
#else
    __asm__ volatile("mov x15, #0\n\tmov x26, #0" : : : "x15", "x26");
#endif
    go_on_to(3);
    wait_for(4);
}

static void in_changed_register(unsigned cpu)
{
    (void)cpu;
    wait_with_changed();
    forget();
}

static void in_kept_register(unsigned cpu)
{
    (void)cpu;
    wait_with_kept();
    forget();
}

static _Thread_local void *volatile in_tls;

static void in_thread_local(unsigned cpu)
{
    (void)cpu;
    in_tls = (void *)~hidden;
    go_on_to(1);
    wait_for(2);
    in_tls = NULL;
    go_on_to(3);
}

static void without_interrupts(unsigned cpu)
{
    uintptr_t state = kiln_irq_save();

    on_stack(cpu);
    kiln_irq_restore(state);
}

static __attribute__((noinline)) void hide_block(void)
{
    void *block = malloc(100);

    TAP_NEED(block);
    hidden = ~(uintptr_t)block;
}

static __attribute__((noinline)) void free_block(void)
{
    free((void *)~hidden);
}

static void check(const char *what, unsigned cpu, void (*hold)(unsigned cpu))
{
    hide_block();
    go_on_to(0);
    run_on_cpu(cpu, hold);
    wait_for(1);
    tap_check(kiln_leak_check() == 0, what);
    go_on_to(2);
    wait_for(3);
    TAP_EQUAL(kiln_leak_check(), 1);
    go_on_to(4);
    wait_for_cpu(cpu);
    free_block();
}

static void check_there(unsigned cpu)
{
    (void)cpu;
    TAP_EQUAL(kiln_leak_check(), 0);
}

int main(void)
{
    void *volatile mine;

    check("a pointer on another CPU's stack", 1, on_stack);
    check("a pointer in a register that functions change", 2, in_changed_register);
    check("a pointer in a register that functions keep", 3, in_kept_register);
    check("a pointer in another thread's thread-local data", 1, in_thread_local);
    check("a pointer on the stack of a CPU that takes no interrupt", 3, without_interrupts);
    mine = malloc(100);
    TAP_NEED(mine);
    run_on_cpu(2, check_there);
    wait_for_cpu(2);
    free(mine);
    return tap_done();
}
