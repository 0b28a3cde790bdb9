/*
 * A level at an I/O APIC: the HPET's first timer, led to one of the inputs that it may use from 16
 * up (IA-PC HPET Specification 1.0a, 2.3.8). A level stays until its device is silenced.
 */
#include "tap.h"
#include "this_cpu.h"

#include <kiln.h>

#define HPET            0xFED00000u
#define CONFIGURATION   0x010u
#define STATUS          0x020u
#define COUNTER         0x0F0u
#define TIMER           0x100u /* its configuration; its routes in the upper half */
#define TIMER_AT        0x108u
#define TIMER_LEVEL     0x2u
#define TIMER_ON        0x4u
#define TIMER_32_BITS   0x100u
#define ROUTE_SHIFT     9
#define UNITS_IN_100_US 10000 /* QEMU's counts 100 MHz */

static unsigned irq;
static volatile unsigned calls, ignored;

static volatile uint32_t *hpet(unsigned offset)
{
    return (volatile uint32_t *)(uintptr_t)(HPET + offset);
}

static void silence(void)
{
    *hpet(STATUS) = 1;
}

static KILN_INTERRUPT_HANDLER void handle(void *unused)
{
    (void)unused;
    calls++;
    if (ignored > 0)
        ignored--;
    else
        silence();
}

/* It comes in 100 us. */
static void set_timer(void)
{
    *hpet(TIMER) = irq << ROUTE_SHIFT | TIMER_LEVEL | TIMER_32_BITS | TIMER_ON;
    *hpet(TIMER_AT) = *hpet(COUNTER) + UNITS_IN_100_US;
}

static bool is_asserted(void)
{
    return *hpet(STATUS) & 1;
}

/* The timer's level, however late the host lets it come. */
static void wait_for_level(void)
{
    set_timer();
    for (unsigned n = 0; n < 20000 && !is_asserted(); n++)
        kiln_delay_for(KILN_MICROSECONDS(100));
    TAP_CHECK(is_asserted());
}

/* How often the handler has run in all, when it has so often or 2 s are over; and a little later.
 */
static unsigned calls_up_to(unsigned expected)
{
    for (unsigned n = 0; n < 20000 && calls < expected; n++)
        kiln_delay_for(KILN_MICROSECONDS(100));
    kiln_delay_for(KILN_MILLISECONDS(1));
    return calls;
}

static void test_level(void)
{
    set_timer();
    TAP_EQUAL(calls_up_to(1), 1);
    TAP_CHECK(!is_asserted());
    ignored = 2;
    set_timer();
    TAP_EQUAL(calls_up_to(4), 4);
    TAP_CHECK(!is_asserted());
}

/* One that comes while it is masked comes with the unmask, unless the device has been silenced. */
static void test_mask(void)
{
    kiln_irq_mask(irq);
    wait_for_level();
    TAP_EQUAL(calls_up_to(4), 4);
    kiln_irq_unmask(irq);
    TAP_EQUAL(calls_up_to(5), 5);
    kiln_irq_mask(irq);
    wait_for_level();
    silence();
    kiln_irq_unmask(irq);
    TAP_EQUAL(calls_up_to(5), 5);
}

/* The CPU has it already when it is masked, or detached. */
static void test_mask_of_pending(void)
{
    uintptr_t state = kiln_irq_save();

    wait_for_level();
    kiln_irq_mask(irq);
    kiln_irq_restore(state);
    TAP_EQUAL(calls_up_to(5), 5);
    kiln_irq_unmask(irq);
    TAP_EQUAL(calls_up_to(6), 6);
    state = kiln_irq_save();
    wait_for_level();
    TAP_EQUAL(kiln_irq_detach(irq), 0);
    kiln_irq_restore(state);
    TAP_EQUAL(calls_up_to(6), 6);
    TAP_EQUAL(kiln_irq_attach(irq, handle, NULL), 0);
    TAP_EQUAL(calls_up_to(7), 7);
}

int main(void)
{
    uint32_t routes = *hpet(TIMER + 4) & 0xFFFF0000u;

    irq = routes ? (unsigned)__builtin_ctz(routes) : 0;
    TAP_CHECK(irq >= 16);
    *hpet(CONFIGURATION) = 1;
    TAP_EQUAL(kiln_irq_attach(irq, handle, NULL), 0);
    test_level();
    test_mask();
    test_mask_of_pending();
    return tap_done();
}
