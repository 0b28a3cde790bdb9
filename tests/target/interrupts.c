/* Interrupts: attaching, masking, dispatching, and what they leave of the interrupted thread. */
#include "raise_interrupt.h"
#include "tap.h"

#include <errno.h>

#define MANY 1000

struct counter {
    struct raised_interrupt interrupt;
    volatile unsigned calls;
    volatile uintptr_t stack;
    volatile uint64_t daif;
};

static KILN_INTERRUPT_HANDLER void count(void *argument)
{
    struct counter *counter = argument;
    uint64_t daif;

    silence_interrupt(&counter->interrupt);
    __asm__ volatile("mrs %0, daif" : "=r"(daif));
    counter->daif = daif;
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
    TAP_CHECK(first.daif & 0x80);
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
    uint64_t wrong;

    __asm__ volatile("mov x0, %[raise]\n\t"
                     "mov w1, %w[bit]\n\t"
                     ".irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 30\n\t"
                     "mov x\\n, #(\\n * 3 + 1)\n\t"
                     ".endr\n\t"
                     "cmp x2, x3\n\t" /* flags: lower */
                     "str w1, [x0]\n\t"
                     "dsb sy\n\t"
                     "isb\n\t"
                     "cset x1, lo\n\t"
                     "eor x0, x1, #1\n\t"
                     ".irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 30\n\t"
                     "cmp x\\n, #(\\n * 3 + 1)\n\t"
                     "cinc x0, x0, ne\n\t"
                     ".endr\n\t"
                     "mov %[wrong], x0"
                     : [wrong] "=r"(wrong)
                     : [raise] "r"(first.interrupt.raise), [bit] "r"(first.interrupt.bit)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
                       "x12", "x13", "x14", "x15", "x16", "x17", "x30", "cc", "memory");
    TAP_EQUAL(wrong, 0);
    TAP_EQUAL(first.calls, before + 1);
}

/* The thread's FP registers are what they were, in a CHECKS build with FP trapped meanwhile. */
static void test_fp(void)
{
    double got;
    double want = 1.25;

    __asm__ volatile(
        "fmov d31, %d[want]\n\t"
        "str %w[bit], [%[raise]]\n\t"
        "dsb sy\n\t"
        "isb\n\t"
        "fmov %d[got], d31"
        : [got] "=w"(got)
        : [want] "w"(want), [bit] "r"(first.interrupt.bit), [raise] "r"(first.interrupt.raise)
        : "v31", "memory");
    TAP_CHECK(got == want);
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
