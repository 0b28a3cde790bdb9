/* GICv2: Arm IHI 0048B. */
#include <irq_controller.h>

#include <arch/barrier.h>
#include <arch/mmio.h>

#define GICD_CTLR           (KILN_GICD_BASE + 0x000u)
#define GICD_TYPER          (KILN_GICD_BASE + 0x004u)
#define GICD_ISENABLER(n)   (KILN_GICD_BASE + 0x100u + 4 * (n))
#define GICD_ICENABLER(n)   (KILN_GICD_BASE + 0x180u + 4 * (n))
#define GICD_ICPENDR(n)     (KILN_GICD_BASE + 0x280u + 4 * (n))
#define GICD_ICACTIVER(n)   (KILN_GICD_BASE + 0x380u + 4 * (n))
#define GICD_IPRIORITYR(n)  (KILN_GICD_BASE + 0x400u + (n)) /* a byte per interrupt */
#define GICD_ITARGETSR(n)   (KILN_GICD_BASE + 0x800u + (n)) /* a byte per interrupt */
#define GICD_SGIR           (KILN_GICD_BASE + 0xF00u)
#define GICD_CPENDSGIR(n)   (KILN_GICD_BASE + 0xF10u + 4 * (n))
#define GICC_CTLR           (KILN_GICC_BASE + 0x00u)
#define GICC_PMR            (KILN_GICC_BASE + 0x04u)

#define TYPER_LINES         31u
#define SGIR_TARGET_SHIFT   16
#define PRIVATE_INTERRUPTS  32u
#define SOFTWARE_INTERRUPTS 16u
#define ALL                 0xFFFFFFFFu
#define PRIORITY            0xA0u
#define PRIORITIES          0xA0A0A0A0u

static unsigned count;

unsigned irq_controller_count(void)
{
    return count;
}

/* What firmware or an earlier run left enabled, pending or active, 32 interrupts at a time. */
static void quiet(unsigned word)
{
    mmio_write32(GICD_ICENABLER(word), ALL);
    mmio_write32(GICD_ICPENDR(word), ALL);
    mmio_write32(GICD_ICACTIVER(word), ALL);
}

void irq_controller_init(void)
{
    mmio_write32(GICD_CTLR, 0);
}

void irq_controller_start(void)
{
    unsigned words = (mmio_read32(GICD_TYPER) & TYPER_LINES) + 1;

    count = words < 32 ? words * 32 : GICC_FIRST_SPECIAL;
    for (unsigned word = 1; word < words; word++)
        quiet(word);
    mmio_write32(GICD_CTLR, 1);
    irq_controller_init_cpu();
}

void irq_controller_init_cpu(void)
{
    quiet(0);
    for (unsigned n = 0; n < SOFTWARE_INTERRUPTS / 4; n++)
        mmio_write32(GICD_CPENDSGIR(n), ALL);
    for (unsigned irq = 0; irq < PRIVATE_INTERRUPTS; irq += 4)
        mmio_write32(GICD_IPRIORITYR(irq), PRIORITIES);
    mmio_write32(GICC_PMR, 0xFF);
    mmio_write32(GICC_CTLR, 1);
}

void irq_configure(uint32_t irq)
{
    if (irq < PRIVATE_INTERRUPTS)
        return;
    mmio_write8(GICD_IPRIORITYR(irq), PRIORITY);
    mmio_write8(GICD_ITARGETSR(irq), 1);
}

void irq_unmask(uint32_t irq)
{
    mmio_write32(GICD_ISENABLER(irq / 32), UINT32_C(1) << irq % 32);
}

void irq_mask(uint32_t irq)
{
    mmio_write32(GICD_ICENABLER(irq / 32), UINT32_C(1) << irq % 32);
}

void irq_send_ipi(unsigned cpu)
{
    arch_barrier_smp_write();
    mmio_write32(GICD_SGIR, UINT32_C(1) << (SGIR_TARGET_SHIFT + cpu) | IRQ_CONTROLLER_IPI);
}
