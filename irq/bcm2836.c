/* The interrupt controllers of Pi 2 and 3, one chained below the other. */
#include <irq_controller.h>

#include <arch/barrier.h>
#include <arch/irq.h>

/* QA7 4.2 to 4.8. In the control registers bits 0-3 enable a source as interrupt, 4-7 as FIQ. */
#define LOCAL_ROUTING              (KILN_BCM2836_BASE + 0x0Cu)
#define LOCAL_PMU_SET              (KILN_BCM2836_BASE + 0x10u)
#define LOCAL_PMU_CLEAR            (KILN_BCM2836_BASE + 0x14u)
#define LOCAL_TIMER_CONTROL(cpu)   (KILN_BCM2836_BASE + 0x40u + 4 * (cpu))
#define LOCAL_MAILBOX_CONTROL(cpu) (KILN_BCM2836_BASE + 0x50u + 4 * (cpu))
#define LOCAL_MAILBOX_SET(cpu)     (KILN_BCM2836_BASE + 0x80u + 16 * (cpu))

/* BCM2835 ARM Peripherals, 7.5: offsets. */
#define VC_BASIC_PENDING 0x00u
#define VC_PENDING_1     0x04u
#define VC_PENDING_2     0x08u
#define VC_FIQ_CONTROL   0x0Cu
#define VC_ENABLE_1      0x10u
#define VC_DISABLE_1     0x1Cu
#define VC_DISABLE_2     0x20u
#define VC_DISABLE_BASIC 0x24u
#define BASIC_ARM        0xFFu
/* Sources of the two other words have a bit of their own here instead of the word's. */
#define BASIC_IN_1    0x00007D00u /* word 1, and VideoCore 7, 9, 10, 18, 19 */
#define BASIC_IN_2    0x001F8200u /* word 2, and VideoCore 53-57, 62 */

#define FIRST_MAILBOX 4u
#define PMU           9u
#define ALL           0xFFFFFFFFu

/* The VideoCore's controller; as if unknown, so that the compiler keeps it in a register and does
 * not build the address of each register anew. */
static inline uintptr_t videocore(void)
{
    uintptr_t base = KILN_BCM2835_BASE + 0xB200u;

    __asm__("" : "+r"(base));
    return base;
}

unsigned irq_controller_count(void)
{
    return BCM2836_COUNT;
}

void irq_controller_init(void)
{
    uintptr_t base = videocore();

    mmio_write32(base + VC_FIQ_CONTROL, 0);
    mmio_write32(base + VC_DISABLE_1, ALL);
    mmio_write32(base + VC_DISABLE_2, ALL);
    mmio_write32(base + VC_DISABLE_BASIC, BASIC_ARM);
    mmio_write32(LOCAL_ROUTING, 0);
    irq_controller_init_cpu();
}

/* Sources that are all held back one by one are in the known state already. */
void irq_controller_start(void)
{
}

/* The performance counters are left out: nobody has enabled them. */
void irq_controller_init_cpu(void)
{
    unsigned cpu = arch_cpu_id();

    mmio_write32(LOCAL_TIMER_CONTROL(cpu), 0);
    mmio_write32(LOCAL_MAILBOX_CONTROL(cpu), 0);
    mmio_write32(BCM2836_MAILBOX_CLEAR(cpu), ALL);
}

uint32_t bcm2836_claim_videocore(void)
{
    uintptr_t base = videocore();
    uint32_t basic = mmio_read32(base + VC_BASIC_PENDING);
    uint32_t word;

    if (basic & BASIC_ARM)
        return BCM2836_ARM + (uint32_t)__builtin_ctz(basic);
    if (basic & BASIC_IN_1 && (word = mmio_read32(base + VC_PENDING_1)) != 0)
        return BCM2836_VIDEOCORE + (uint32_t)__builtin_ctz(word);
    if (basic & BASIC_IN_2 && (word = mmio_read32(base + VC_PENDING_2)) != 0)
        return BCM2836_VIDEOCORE + 32 + (uint32_t)__builtin_ctz(word);
    return IRQ_NONE;
}

/* All of them have a fixed priority, and a fixed CPU. */
void irq_configure(uint32_t irq)
{
    (void)irq;
}

/* The registers hold all sources of one CPU, and only that CPU changes them. */
static void enable_local(uintptr_t control, uint32_t bit, bool enable)
{
    uintptr_t state = arch_irq_save();
    uint32_t enabled = mmio_read32(control) & ~bit;

    mmio_write32(control, enable ? enabled | bit : enabled);
    arch_irq_restore(state);
}

static void set_local(uint32_t irq, bool enable)
{
    unsigned cpu = arch_cpu_id();

    if (irq < FIRST_MAILBOX)
        enable_local(LOCAL_TIMER_CONTROL(cpu), UINT32_C(1) << irq, enable);
    else if (irq < 2 * FIRST_MAILBOX)
        enable_local(LOCAL_MAILBOX_CONTROL(cpu), UINT32_C(1) << (irq - FIRST_MAILBOX), enable);
    else if (irq == PMU)
        mmio_write32(enable ? LOCAL_PMU_SET : LOCAL_PMU_CLEAR, UINT32_C(1) << cpu);
}

/* The enable registers of words 1, 2 and basic follow one another; so do the disable registers. */
static void set_videocore(uint32_t irq, bool enable)
{
    uint32_t n = irq - BCM2836_VIDEOCORE;
    uintptr_t words = videocore() + (enable ? VC_ENABLE_1 : VC_DISABLE_1);

    mmio_write32(words + n / 32 * 4, UINT32_C(1) << n % 32);
}

static __attribute__((noinline)) void set(uint32_t irq, bool enable)
{
    if (irq < BCM2836_VIDEOCORE)
        set_local(irq, enable);
    else
        set_videocore(irq, enable);
}

void irq_unmask(uint32_t irq)
{
    set(irq, true);
}

void irq_mask(uint32_t irq)
{
    set(irq, false);
}

void irq_send_ipi(unsigned cpu)
{
    arch_barrier_smp_write();
    mmio_write32(LOCAL_MAILBOX_SET(cpu), 1);
}
