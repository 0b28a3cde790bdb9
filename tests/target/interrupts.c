/* Interrupts: attaching, masking, dispatching, and what they leave of the interrupted thread. */
#include "interrupted_thread.h"
#include "tap.h"

#include <errno.h>

#define MANY 1000

struct counter {
    struct raised_interrupt interrupt;
    volatile unsigned calls;
    volatile uintptr_t stack;
    volatile bool masked;
};

static KILN_INTERRUPT_HANDLER void count(void *argument)
{
    struct counter *counter = argument;

    silence_interrupt(&counter->interrupt);
    counter->masked = interrupts_are_masked();
    counter->stack = (uintptr_t)__builtin_frame_address(0);
    counter->calls++;
}

static struct counter first, second;

static void raise(struct counter *counter)
{
    raise_interrupt(&counter->interrupt);
}

static void test_attach(void)
{
    TAP_EQUAL(kiln_irq_attach(100000, count, &first), -EINVAL);
    TAP_EQUAL(kiln_irq_attach(first.interrupt.irq, NULL, &first), -EINVAL);
    TAP_EQUAL(kiln_irq_attach(first.interrupt.irq, count, &first), 0);
    TAP_EQUAL(kiln_irq_attach(first.interrupt.irq, count, &second), -EBUSY);
    raise(&first);
    TAP_EQUAL(first.calls, 1);
    TAP_CHECK(first.masked);
    /* Both stacks are more than a page away from each other: a guard lies between. */
    TAP_CHECK(first.stack - (uintptr_t)__builtin_frame_address(0) + 4096 > 8192);
    TAP_EQUAL(second.calls, 0);
}

static void test_mask(void)
{
    kiln_irq_mask(first.interrupt.irq);
    raise(&first);
    TAP_EQUAL(first.calls, 1);
    kiln_irq_unmask(first.interrupt.irq);
    TAP_EQUAL(first.calls, 2);
}

static void test_save(void)
{
    uintptr_t outer = kiln_irq_save();
    uintptr_t inner = kiln_irq_save();

    raise(&first);
    TAP_EQUAL(first.calls, 2);
    kiln_irq_restore(inner);
    TAP_EQUAL(first.calls, 2);
    kiln_irq_restore(outer);
    TAP_EQUAL(first.calls, 3);
}

static void test_two_at_once(void)
{
    TAP_EQUAL(kiln_irq_attach(second.interrupt.irq, count, &second), 0);
    uintptr_t state = kiln_irq_save();

    raise(&second);
    raise(&first);
    TAP_EQUAL(first.calls + second.calls, 3);
    kiln_irq_restore(state);
    TAP_EQUAL(first.calls, 4);
    TAP_EQUAL(second.calls, 1);
}

static void test_many(void)
{
    unsigned before = first.calls;

    for (unsigned n = 0; n < MANY; n++)
        raise(&first);
    TAP_EQUAL(first.calls - before, MANY);
}

static unsigned log_matches;

static void match_log(char c)
{
    static const char text[] = "has no handler";
    static size_t matched;

    matched = c == text[matched] ? matched + 1 : c == text[0];
    if (!text[matched]) {
        log_matches++;
        matched = 0;
    }
}

static void test_detach(void)
{
    unsigned before = second.calls;

    TAP_EQUAL(kiln_irq_detach(100000), -EINVAL);
    TAP_EQUAL(kiln_irq_detach(second.interrupt.irq), 0);
    raise(&second);
    TAP_EQUAL(second.calls, before);
    silence_interrupt(&second.interrupt);
    TAP_EQUAL(kiln_irq_attach(second.interrupt.irq, count, &second), 0);
    raise(&second);
    TAP_EQUAL(second.calls, before + 1);
    TAP_EQUAL(kiln_irq_detach(second.interrupt.irq), 0);
}

/* An interrupt without a handler is masked and logged once, and the program goes on. */
static void test_unhandled(void)
{
    kiln_irq_unmask(second.interrupt.irq);
    raise(&second);
    raise(&second);
    kiln_log_dump(match_log);
    TAP_EQUAL(log_matches, 1);
    silence_interrupt(&second.interrupt);
}

/* Every register that a handler may use has its value back afterwards. */
static void test_registers(void)
{
    unsigned before = first.calls;

    TAP_EQUAL(changed_registers(&first.interrupt), 0);
    TAP_EQUAL(first.calls, before + 1);
}

/* The thread's FP registers are what they were, in a CHECKS build with FP trapped meanwhile. */
static void test_fp(void)
{
    unsigned before = first.calls;

    TAP_CHECK(through_interrupt(&first.interrupt, 1.25) == 1.25);
    TAP_EQUAL(first.calls, before + 1);
}

int main(void)
{
    first.interrupt = test_interrupt(0);
    second.interrupt = test_interrupt(1);
    test_attach();
    test_mask();
    test_save();
    test_two_at_once();
    test_many();
    test_detach();
    test_unhandled();
    test_registers();
    test_fp();
    return tap_done();
}
