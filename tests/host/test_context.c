/* Contexts of the fake ISA, as core's threads use them: arch/context.h's promises. */
#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/fp.h>
#include <arch/irq.h>
#include <string.h>
#include "test.h"

#define CONTEXTS    8
#define STACK_BYTES (48 * 1024)

static struct arch_context contexts[CONTEXTS], main_context;
static char tls[CONTEXTS + 1];
static char *stacks[CONTEXTS];
static unsigned visits[CONTEXTS];

static struct arch_context *self(void)
{
    return (struct arch_context *)arch_thread_self();
}

static unsigned number(void)
{
    return (unsigned)(self() - contexts);
}

/* Also for one that was left for good. */
static void begin(unsigned n, void (*entry)(void))
{
    arch_context_init(&contexts[n], (uintptr_t)stacks[n] + STACK_BYTES, entry);
    contexts[n].tls = &tls[n];
}

static intptr_t leave_for(struct arch_context *to, uintptr_t irq_state)
{
    return arch_context_switch(self(), to, irq_state);
}

static void set_up(void)
{
    host_cpu.stack_bytes = STACK_BYTES;
    for (unsigned n = 0; n < CONTEXTS; n++)
        stacks[n] = malloc(STACK_BYTES);
    main_context.tls = &tls[CONTEXTS];
    arch_thread_set_self((struct kiln_thread *)&main_context);
    arch_tls_set(main_context.tls);
    arch_fp_trap(true);
}

static void look_at_start(void)
{
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);

    TAP_CHECK(arch_irqs_off());
    TAP_CHECK(self() == &contexts[0]);
    TAP_CHECK(arch_tls_get() == &tls[0]);
    TAP_CHECK(frame - (uintptr_t)stacks[0] < STACK_BYTES);
    TAP_EQUAL(frame % 16, 0);
    for (intptr_t result = 1;; result++) {
        main_context.result = -result;
        TAP_EQUAL(leave_for(&main_context, result % 2), 10 * result);
        TAP_EQUAL(arch_irqs_off(), result % 2);
        arch_irq_save();
    }
}

static void test_switch(void)
{
    begin(0, look_at_start);
    arch_irq_enable();
    for (int i = 1; i < 4; i++) {
        uintptr_t state = arch_irq_save();
        contexts[0].result = 10 * (i - 1);
        TAP_EQUAL(leave_for(&contexts[0], state), -i);
        TAP_CHECK(!arch_irqs_off());
        TAP_CHECK(self() == &main_context && arch_tls_get() == &tls[CONTEXTS]);
    }
    main_context.result = 5;
    TAP_EQUAL(leave_for(&main_context, arch_irq_save()), 5);
    TAP_CHECK(!arch_irqs_off());
    contexts[0].result = 30;
    TAP_EQUAL(leave_for(&contexts[0], true), -4);
    TAP_CHECK(arch_irqs_off());
}

/* A stack's words are what they were, however deep, whoever ran meanwhile. */
static void wander(unsigned depth)
{
    uint64_t words[32];

    for (unsigned i = 0; i < 32; i++)
        words[i] = (uint64_t)number() << 32 | depth << 8 | i;
    visits[number()]++;
    if (depth < 20 && test_below(3))
        wander(depth + 1);
    unsigned next = (unsigned)test_below(CONTEXTS + 1);
    if (next != number())
        leave_for(next == CONTEXTS ? &main_context : &contexts[next], true);
    for (unsigned i = 0; i < 32; i++)
        TEST_HOLDS(words[i] == ((uint64_t)number() << 32 | depth << 8 | i), "context %u depth %u",
                   number(), depth);
}

static void wander_for_ever(void)
{
    for (;;)
        wander(0);
}

static void test_many(void)
{
    for (unsigned n = 0; n < CONTEXTS; n++)
        begin(n, wander_for_ever);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned n = (unsigned)test_below(CONTEXTS);
        if (test_below(100) == 0)
            begin(n, wander_for_ever);
        leave_for(&contexts[n], true);
        TEST_HOLDS(self() == &main_context, "run %u", i);
    }
    test_property("stacks are kept apart, those too that are begun anew");
    unsigned least = visits[0];
    for (unsigned n = 1; n < CONTEXTS; n++)
        least = visits[n] < least ? visits[n] : least;
    TAP_CHECK(least > 1000);
}

static void use_fp(void)
{
    *host_fp() += 5;
    leave_for(&main_context, true);
    *host_fp() += 7;
    leave_for(&main_context, true);
}

static void test_fp(void)
{
    uint64_t state;

    TAP_EQUAL(arch_fp_state_bytes(), sizeof state);
    TAP_CHECK(host_cpu.fp_traps && !main_context.uses_fp);
    begin(0, use_fp);
    leave_for(&contexts[0], true);
    TAP_CHECK(host_cpu.fp_traps && contexts[0].uses_fp && !main_context.uses_fp);
    TAP_EQUAL(host_cpu.fp, 5);
    arch_fp_save(&state);
    *host_fp() = 3;
    TAP_CHECK(!host_cpu.fp_traps && main_context.uses_fp);
    arch_fp_restore(&state);
    leave_for(&contexts[0], true);
    TAP_CHECK(!host_cpu.fp_traps);
    TAP_EQUAL(host_cpu.fp, 12);
    arch_fp_state_init(&state);
    TAP_EQUAL(state, 0);
    begin(0, use_fp);
    TAP_CHECK(!contexts[0].uses_fp);
}

static unsigned preemptions;

static void preempt(void)
{
    TEST_HOLDS(arch_irqs_off() && !arch_in_interrupt(), "preempted");
    preemptions++;
    leave_for(self() == &main_context ? &contexts[0] : &main_context, arch_irq_save());
    TEST_HOLDS(arch_irqs_off(), "going on");
}

static uintptr_t handle(uint32_t hint)
{
    TEST_HOLDS(arch_irqs_off() && arch_in_interrupt(), "handler");
    return hint ? (uintptr_t)preempt : 0;
}

static void interrupted(void)
{
    arch_irq_enable();
    for (;;) {
        host_interrupt(0);
        host_interrupt(1);
        TEST_HOLDS(!arch_irqs_off() && !arch_in_interrupt(), "behind an interrupt");
    }
}

static void test_preemption(void)
{
    host_cpu.interrupt = handle;
    begin(0, interrupted);
    arch_irq_enable();
    for (unsigned i = 0; i < 10; i++) {
        host_interrupt(1);
        TEST_HOLDS(!arch_irqs_off() && self() == &main_context, "run %u", i);
    }
    arch_irq_disable();
    host_interrupt(1);
    arch_irq_enable();
    test_property("an interrupt's end is left for another context, and gone back to");
    TAP_EQUAL(preemptions, 20);
    host_cpu.alarm_on = true;
    arch_irq_disable();
    arch_cpu_idle();
    TAP_CHECK(arch_irqs_off());
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 5);
    set_up();
    test_switch();
    test_many();
    test_fp();
    test_preemption();
    for (unsigned n = 0; n < CONTEXTS; n++)
        free(stacks[n]);
    return tap_done();
}
