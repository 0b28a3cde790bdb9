/* The GICv2 driver and dispatch, over memory in place of registers (Arm IHI 0048B). */
#include <errno.h>
#include "irq_support.h"

#define GICD(offset) reg(KILN_GICD_BASE + (offset))
#define GICC(offset) reg(KILN_GICC_BASE + (offset))
#define TYPER        0x004
#define ISENABLER    0x100
#define ICENABLER    0x180
#define ICACTIVER    0x380
#define IPRIORITYR   0x400
#define ITARGETSR    0x800
#define SGIR         0xF00
#define IAR          0x0C
#define EOIR         0x10

static void test_init(void)
{
    *GICD(TYPER) = 8; /* 288 interrupts */
    irq_controller_init();
    TAP_EQUAL(*GICD(0), 0);
    TAP_EQUAL(*GICC(0), UNTOUCHED);
    irq_controller_start();
    TAP_EQUAL(irq_controller_count(), 288);
    TAP_EQUAL(*GICD(0), 1);
    TAP_EQUAL(*GICC(0), 1);
    TAP_EQUAL(*GICC(4), 0xFF);
    bool all = true;
    for (unsigned word = 0; word <= 8; word++)
        all &= *GICD(ICENABLER + 4 * word) == ~0u && *GICD(ICACTIVER + 4 * word) == ~0u;
    TAP_CHECK(all);
    TAP_EQUAL(*GICD(ICENABLER + 4 * 9), UNTOUCHED);
    TAP_EQUAL(*GICD(ICACTIVER + 4 * 9), UNTOUCHED);
    TAP_EQUAL(*GICD(ISENABLER), UNTOUCHED);
    TAP_EQUAL(*GICD(IPRIORITYR + 28), 0xA0A0A0A0);
    TAP_EQUAL(*GICD(IPRIORITYR + 32), UNTOUCHED);
    TAP_EQUAL(*GICD(ITARGETSR + 32), UNTOUCHED);
}

static void test_attach(void)
{
    TAP_EQUAL(kiln_irq_attach(288, handle, NULL), -EINVAL);
    TAP_EQUAL(kiln_irq_attach(41, handle, (void *)7), 0);
    TAP_EQUAL(kiln_irq_attach(41, handle, NULL), -EBUSY);
    TAP_EQUAL(*GICD(ISENABLER + 4), 1u << 9);
    TAP_EQUAL(*GICD(IPRIORITYR + 40), 0x5A5AA05A);
    TAP_EQUAL(*GICD(ITARGETSR + 40), 0x5A5A015A);
    TAP_EQUAL(kiln_irq_attach(5, handle, (void *)5), 0);
    TAP_EQUAL(*GICD(ISENABLER), 1u << 5);
    TAP_EQUAL(*GICD(ITARGETSR + 4), UNTOUCHED);
}

static void dispatch(uint32_t iar)
{
    *GICC(IAR) = iar;
    *GICC(EOIR) = UNTOUCHED;
    handler_calls = 0;
    irq_dispatch(0, &running);
}

static void test_dispatch(void)
{
    dispatch(41);
    TAP_EQUAL(handler_calls, 1);
    TAP_EQUAL(handler_argument, 7);
    TAP_EQUAL(running_in_handler, 41);
    TAP_EQUAL(running, IRQ_NONE);
    TAP_EQUAL(*GICC(EOIR), 41);
    dispatch(3u << 10 | 5); /* software-generated, by CPU 3 */
    TAP_EQUAL(handler_calls, 1);
    TAP_EQUAL(handler_argument, 5);
    TAP_EQUAL(*GICC(EOIR), 3u << 10 | 5);
}

/* Spurious ones run nothing and are not ended (3.2.5). */
static void test_spurious(void)
{
    for (uint32_t id = 1020; id < 1024; id++) {
        dispatch(id);
        TAP_EQUAL(handler_calls, 0);
        TAP_EQUAL(*GICC(EOIR), UNTOUCHED);
        TAP_EQUAL(running, IRQ_NONE);
    }
    TAP_EQUAL(log_lines, 0);
}

/* One that nobody handles is masked and told, and ended all the same. */
static void test_unhandled(void)
{
    kiln_irq_unmask(70);
    dispatch(70);
    TAP_EQUAL(handler_calls, 0);
    TAP_EQUAL(*GICC(EOIR), 70);
    TAP_EQUAL(*GICD(ICENABLER + 8), 1u << 6);
    TAP_EQUAL(log_lines, 1);
}

static void test_detach(void)
{
    TAP_EQUAL(kiln_irq_detach(288), -EINVAL);
    TAP_EQUAL(kiln_irq_detach(41), 0);
    TAP_EQUAL(*GICD(ICENABLER + 4), 1u << 9);
    dispatch(41);
    TAP_EQUAL(handler_calls, 0);
    TAP_EQUAL(kiln_irq_attach(41, handle, NULL), 0);
}

static void test_ipi(void)
{
    irq_send_ipi(3);
    TAP_EQUAL(*GICD(SGIR), 1u << 19 | IRQ_IPI);
}

/* The largest controller has 1020 interrupts in 32 words. */
static void test_largest(void)
{
    *GICD(TYPER) = 31;
    irq_controller_start();
    TAP_EQUAL(irq_controller_count(), 1020);
    TAP_EQUAL(*GICD(ICENABLER + 4 * 31), ~0u);
}

int main(void)
{
    map_registers(KILN_GICD_BASE, 0x1000);
    map_registers(KILN_GICC_BASE, 0x1000);
    test_init();
    prepare_table();
    test_attach();
    test_dispatch();
    test_spurious();
    test_unhandled();
    test_detach();
    test_ipi();
    test_largest();
    return tap_done();
}
