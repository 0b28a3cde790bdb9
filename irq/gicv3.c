/* GICv3: Arm IHI 0069. */
#include <irq_controller.h>

#include <arch/barrier.h>
#include <arch/cpu.h>
#include <arch/mmio.h>
#include <kiln/panic.h>

#define GICD_CTLR       (KILN_GICD_BASE + 0x0000u)
#define GICD_TYPER      (KILN_GICD_BASE + 0x0004u)
#define GICD_IROUTER(n) (KILN_GICD_BASE + 0x6000u + 8 * (n))
#define GICR_TYPER      0x0008u /* from the start of a redistributor */
#define GICR_WAKER      0x0014u
#define GICR_FRAME      0x10000u
#define GICR_BYTES      (2 * GICR_FRAME)
#define GICR_BYTES_VLPI (4 * GICR_FRAME)

/* The same offsets in the distributor and in a redistributor's second frame. */
#define IGROUPR(n)         (0x0080u + 4 * (n))
#define ISENABLER(n)       (0x0100u + 4 * (n))
#define ICENABLER(n)       (0x0180u + 4 * (n))
#define ICPENDR(n)         (0x0280u + 4 * (n))
#define ICACTIVER(n)       (0x0380u + 4 * (n))
#define IPRIORITYR(n)      (0x0400u + (n)) /* a byte per interrupt */

#define TYPER_LINES        31u
#define CTLR_ENABLE_ALL    0x3u /* both groups; as non-secure: group 1 by either name */
#define CTLR_ARE           0x10u
#define CTLR_RWP           0x80000000u /* GICD_CTLR */
#define REDISTRIBUTOR_RWP  0x8u        /* GICR_CTLR, at offset 0 */
#define RTYPER_VLPIS       0x2u
#define RTYPER_LAST        0x10u
#define WAKER_SLEEP        0x2u
#define WAKER_ASLEEP       0x4u
#define PRIVATE_INTERRUPTS 32u
#define ALL                0xFFFFFFFFu
#define PRIORITY           0xA0u
#define PRIORITIES         0xA0A0A0A0u

#define MPIDR_AFFINITY     UINT64_C(0xFF00FFFFFF)

#define read_register(name)                                                                        \
    __extension__({                                                                                \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " name : "=r"(value_));                                          \
        value_;                                                                                    \
    })
#define write_register(name, value)                                                                \
    __asm__ volatile("msr " name ", %0" : : "r"((uint64_t)(value)) : "memory")
#define ICC_PMR_EL1     "S3_0_C4_C6_0"
#define ICC_SGI1R_EL1   "S3_0_C12_C11_5"
#define ICC_CTLR_EL1    "S3_0_C12_C12_4"
#define ICC_SRE_EL1     "S3_0_C12_C12_5"
#define ICC_IGRPEN1_EL1 "S3_0_C12_C12_7"

static unsigned count;
static uint64_t boot_affinity;

/* Written by each CPU for itself before it is online; read by it, and by those that interrupt it.
 */
static struct {
    uintptr_t redistributor;
    uint64_t sgi_target; /* for ICC_SGI1R_EL1 */
} cpus[IRQ_CONTROLLER_CPUS];

unsigned irq_controller_count(void)
{
    return count;
}

static void wait_while(uintptr_t address, uint32_t bits)
{
    while (mmio_read32(address) & bits) {
    }
}

/* Where an interrupt's registers are: one's own redistributor or the distributor. */
static uintptr_t frame_of(uint32_t irq)
{
    if (irq < PRIVATE_INTERRUPTS)
        return cpus[arch_cpu_id()].redistributor + GICR_FRAME;
    return KILN_GICD_BASE;
}

static void wait_for_writes(uint32_t irq)
{
    if (irq < PRIVATE_INTERRUPTS)
        wait_while(cpus[arch_cpu_id()].redistributor, REDISTRIBUTOR_RWP);
    else
        wait_while(GICD_CTLR, CTLR_RWP);
}

/* What firmware or an earlier run left enabled, pending or active; all belong to group 1. */
static void quiet(uintptr_t frame, unsigned word)
{
    mmio_write32(frame + ICENABLER(word), ALL);
    mmio_write32(frame + ICPENDR(word), ALL);
    mmio_write32(frame + ICACTIVER(word), ALL);
    mmio_write32(frame + IGROUPR(word), ALL);
}

void irq_controller_init(void)
{
    mmio_write32(GICD_CTLR, 0);
    wait_while(GICD_CTLR, CTLR_RWP);
}

void irq_controller_start(void)
{
    unsigned words = (mmio_read32(GICD_TYPER) & TYPER_LINES) + 1;

    count = words < 32 ? words * 32 : GICV3_FIRST_SPECIAL;
    mmio_write32(GICD_CTLR, CTLR_ARE);
    for (unsigned word = 1; word < words; word++)
        quiet(KILN_GICD_BASE, word);
    wait_while(GICD_CTLR, CTLR_RWP);
    mmio_write32(GICD_CTLR, CTLR_ARE | CTLR_ENABLE_ALL);
    boot_affinity = read_register("mpidr_el1") & MPIDR_AFFINITY;
    irq_controller_init_cpu();
}

/* GICR_TYPER's upper half holds Aff3.Aff2.Aff1.Aff0. */
static uintptr_t find_redistributor(uint32_t affinity)
{
    uintptr_t redistributor = KILN_GICR_BASE;

    for (;;) {
        uint32_t type = mmio_read32(redistributor + GICR_TYPER);

        if (mmio_read32(redistributor + GICR_TYPER + 4) == affinity)
            return redistributor;
        if (type & RTYPER_LAST)
            kiln_panic("no GIC redistributor has the affinity %x", (unsigned)affinity);
        redistributor += type & RTYPER_VLPIS ? GICR_BYTES_VLPI : GICR_BYTES;
    }
}

static void wake_redistributor(uintptr_t redistributor)
{
    uint32_t waker = mmio_read32(redistributor + GICR_WAKER);

    mmio_write32(redistributor + GICR_WAKER, waker & ~WAKER_SLEEP);
    wait_while(redistributor + GICR_WAKER, WAKER_ASLEEP);
}

static void init_cpu_interface(void)
{
    write_register(ICC_SRE_EL1, 1);
    __asm__ volatile("isb");
    write_register(ICC_PMR_EL1, 0xFF);
    write_register(ICC_CTLR_EL1, 0);
    write_register(ICC_IGRPEN1_EL1, 1);
    __asm__ volatile("isb");
}

void irq_controller_init_cpu(void)
{
    uint64_t mpidr = read_register("mpidr_el1");
    uint32_t affinity = (uint32_t)(mpidr >> 8 & 0xFF000000u) | (uint32_t)(mpidr & 0xFFFFFFu);
    uintptr_t redistributor = find_redistributor(affinity);
    unsigned cpu = arch_cpu_id();

    cpus[cpu].redistributor = redistributor;
    cpus[cpu].sgi_target = (mpidr & UINT64_C(0xFF00000000)) << 16 | (mpidr & 0xFF0000u) << 16 |
                           (mpidr & 0xFF00u) << 8 | UINT64_C(1) << (mpidr & 15);
    wake_redistributor(redistributor);
    quiet(redistributor + GICR_FRAME, 0);
    for (unsigned irq = 0; irq < PRIVATE_INTERRUPTS; irq += 4)
        mmio_write32(redistributor + GICR_FRAME + IPRIORITYR(irq), PRIORITIES);
    wait_while(redistributor, REDISTRIBUTOR_RWP);
    init_cpu_interface();
}

void irq_configure(uint32_t irq)
{
    if (irq < PRIVATE_INTERRUPTS)
        return;
    mmio_write8(KILN_GICD_BASE + IPRIORITYR(irq), PRIORITY);
    mmio_write64(GICD_IROUTER(irq), boot_affinity);
}

void irq_unmask(uint32_t irq)
{
    mmio_write32(frame_of(irq) + ISENABLER(irq / 32), UINT32_C(1) << irq % 32);
}

void irq_mask(uint32_t irq)
{
    mmio_write32(frame_of(irq) + ICENABLER(irq / 32), UINT32_C(1) << irq % 32);
    wait_for_writes(irq);
}

/* System register writes are not ordered by a dmb: what was stored has to be complete. */
void irq_send_ipi(unsigned cpu)
{
    __asm__ volatile("dsb ishst" : : : "memory");
    write_register(ICC_SGI1R_EL1, cpus[cpu].sgi_target | (uint64_t)IRQ_CONTROLLER_IPI << 24);
}
