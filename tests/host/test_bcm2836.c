/*
 * The interrupt controllers of Pi 2 and 3 and dispatch, over memory in place of registers (QA7 and
 * "BCM2835 ARM Peripherals", chapter 7).
 */
#include <errno.h>
#include "irq_support.h"

#define LOCAL(offset)   reg(KILN_BCM2836_BASE + (offset))
#define VC(offset)      reg(KILN_BCM2835_BASE + 0xB200 + (offset))
#define TIMER_CONTROL   0x40
#define MAILBOX_CONTROL 0x50
#define PENDING         0x60
#define MAILBOX_SET     0x80
#define MAILBOX_CLEAR   0xC0
#define FROM_VC         0x100

static void test_init(void)
{
    irq_controller_init();
    TAP_EQUAL(irq_controller_count(), 104);
    TAP_EQUAL(*LOCAL(TIMER_CONTROL), 0);
    TAP_EQUAL(*LOCAL(MAILBOX_CONTROL), 0);
    TAP_EQUAL(*LOCAL(MAILBOX_CLEAR), ~0u);
    TAP_EQUAL(*LOCAL(0x0C), 0);
    TAP_EQUAL(*LOCAL(TIMER_CONTROL + 4), UNTOUCHED);
    TAP_EQUAL(*VC(0x1C) & *VC(0x20), ~0u);
    TAP_EQUAL(*VC(0x24), 0xFF);
}

static uint32_t claim(uint32_t local, uint32_t basic, uint32_t word1, uint32_t word2)
{
    *LOCAL(PENDING) = local;
    *LOCAL(MAILBOX_CLEAR) = UNTOUCHED;
    *VC(0) = basic;
    *VC(4) = word1;
    *VC(8) = word2;
    return irq_claim(0);
}

static void test_claim_local(void)
{
    TAP_EQUAL(claim(0, 0, 0, 0), IRQ_NONE);
    TAP_EQUAL(claim(1 << 3, 0, 0, 0), 3);
    TAP_EQUAL(*LOCAL(MAILBOX_CLEAR), UNTOUCHED);
    TAP_EQUAL(claim(1 << 4, 0, 0, 0), IRQ_IPI);
    TAP_EQUAL(*LOCAL(MAILBOX_CLEAR), ~0u);
    TAP_EQUAL(claim(1 << 3 | 1 << 4 | FROM_VC, 1, 0, 0), 3);
    TAP_EQUAL(*LOCAL(MAILBOX_CLEAR), UNTOUCHED);
    TAP_EQUAL(claim(1 << 9 | FROM_VC, 1, 0, 0), 9);
    /* The AXI counter and the local timer are not served. */
    TAP_EQUAL(claim(1 << 10 | 1 << 11, 0, 0, 0), IRQ_NONE);
}

static void test_claim_videocore(void)
{
    TAP_EQUAL(claim(FROM_VC, 0, 0, 0), IRQ_NONE);
    TAP_EQUAL(claim(FROM_VC, 1 << 6, 0, 0), 96 + 6);
    TAP_EQUAL(claim(FROM_VC, 1 << 8, 1u << 29, 0), 32 + 29);
    TAP_EQUAL(claim(FROM_VC, 1 << 9, 0, 1u << 25), 32 + 57);
    TAP_EQUAL(claim(FROM_VC, 1 << 8 | 1 << 9, 1u << 31, 1), 32 + 31);
    /* Gone again between the two reads. */
    TAP_EQUAL(claim(FROM_VC, 1 << 8, 0, 0), IRQ_NONE);
}

/* Those with a bit of their own in the basic register do not show in bits 8 and 9. */
static void test_claim_shortcuts(void)
{
    static const struct {
        unsigned bit, irq;
    } shortcuts[] = {{10, 7},  {11, 9},  {12, 10}, {13, 18}, {14, 19}, {15, 53},
                     {16, 54}, {17, 55}, {18, 56}, {19, 57}, {20, 62}};

    for (unsigned n = 0; n < sizeof(shortcuts) / sizeof(*shortcuts); n++) {
        uint64_t words = UINT64_C(1) << shortcuts[n].irq;

        TAP_EQUAL(claim(FROM_VC, 1u << shortcuts[n].bit, (uint32_t)words, (uint32_t)(words >> 32)),
                  32 + shortcuts[n].irq);
    }
}

static void test_masks(void)
{
    TAP_EQUAL(kiln_irq_attach(104, handle, NULL), -EINVAL);
    TAP_EQUAL(kiln_irq_attach(3, handle, (void *)3), 0);
    TAP_EQUAL(kiln_irq_attach(1, handle, NULL), 0);
    TAP_EQUAL(*LOCAL(TIMER_CONTROL), 1 << 3 | 1 << 1);
    kiln_irq_mask(1);
    TAP_EQUAL(*LOCAL(TIMER_CONTROL), 1 << 3);
    kiln_irq_unmask(5);
    TAP_EQUAL(*LOCAL(MAILBOX_CONTROL), 1 << 1);
    kiln_irq_unmask(9);
    TAP_EQUAL(*LOCAL(0x10), 1);
    kiln_irq_mask(9);
    TAP_EQUAL(*LOCAL(0x14), 1);
    kiln_irq_unmask(32 + 29);
    TAP_EQUAL(*VC(0x10), 1u << 29);
    kiln_irq_unmask(32 + 57);
    TAP_EQUAL(*VC(0x14), 1u << 25);
    kiln_irq_unmask(96 + 2);
    TAP_EQUAL(*VC(0x18), 1 << 2);
    kiln_irq_mask(32 + 57);
    TAP_EQUAL(*VC(0x20), 1u << 25);
    TAP_CHECK(!host_cpu.irqs_off);
}

static void test_dispatch(void)
{
    *LOCAL(PENDING) = 1 << 3;
    irq_dispatch(0, &running);
    TAP_EQUAL(handler_calls, 1);
    TAP_EQUAL(handler_argument, 3);
    TAP_EQUAL(running_in_handler, 3);
    TAP_EQUAL(running, IRQ_NONE);
    TAP_EQUAL(log_lines, 0);
    *LOCAL(PENDING) = 1 << 5;
    irq_dispatch(0, &running);
    TAP_EQUAL(log_lines, 1);
    TAP_EQUAL(*LOCAL(MAILBOX_CONTROL), 0);
}

static void test_ipi(void)
{
    irq_send_ipi(2);
    TAP_EQUAL(*LOCAL(MAILBOX_SET + 0x20), 1);
}

int main(void)
{
    map_registers(KILN_BCM2836_BASE, 0x1000);
    map_registers(KILN_BCM2835_BASE + 0xB000, 0x1000);
    test_init();
    prepare_table();
    test_claim_local();
    test_claim_videocore();
    test_claim_shortcuts();
    test_masks();
    test_dispatch();
    test_ipi();
    return tap_done();
}
