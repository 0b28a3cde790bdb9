/* The local APIC. */
#include <x86_64/lapic.h>

#include <arch/barrier.h>
#include <arch/counter.h>
#include <arch/irq.h>
#include <arch/spin.h>
#include <kiln/config.h>
#include <x86_64/cpuid.h>
#include <x86_64/lapic_cpu.h>

#define IA32_APIC_BASE       0x1Bu
#define BASE_ENABLE          (UINT64_C(1) << 11)
#define BASE_X2APIC          (UINT64_C(1) << 10)
#define BASE_ADDRESS         UINT64_C(0x000FFFFFFFFFF000)

#define FEATURE_X2APIC       (1u << 21) /* CPUID 1, ECX */
#define FEATURE_TSC_DEADLINE (1u << 24)

#define SPURIOUS_ENABLE      0x100u
#define LVT_MASKED           0x10000u
#define LVT_NMI              0x400u
#define LVT_TIMER_DEADLINE   0x40000u
#define DIVIDE_BY_1          0xBu

#define COMMAND_PENDING      0x1000u
#define COMMAND_INIT         0x4500u /* edge, assert */
#define COMMAND_START        0x4600u /* the page's number is the vector */

uintptr_t lapic_page;
enum lapic_timer lapic_timer;

/* Written by the boot CPU before others run; they follow it. */
static enum { MODE_UNKNOWN, MODE_XAPIC, MODE_X2APIC } mode;

static bool has_feature(uint32_t feature)
{
    return cpuid_read(1, 0).ecx & feature;
}

/* In QEMU's TCG it gains nothing, and with -icount QEMU aborts at the timer's MSRs. */
static bool is_x2apic_wanted(void)
{
    if (KILN_CONFIG_X2APIC == 1)
        return cpuid_is_hypervised() && !cpuid_is_tcg();
    return KILN_CONFIG_X2APIC;
}

static void choose_mode(uint64_t base)
{
    if (base & BASE_X2APIC || (has_feature(FEATURE_X2APIC) && is_x2apic_wanted())) {
        mode = MODE_X2APIC;
    } else {
        mode = MODE_XAPIC;
        lapic_page = base & BASE_ADDRESS;
    }
}

/* From off to x2APIC the way leads through xAPIC mode (11.12.5). */
static void enable(void)
{
    uint64_t base = msr_read(IA32_APIC_BASE);

    if (mode == MODE_UNKNOWN)
        choose_mode(base);
    if (!(base & BASE_ENABLE))
        msr_write(IA32_APIC_BASE, base |= BASE_ENABLE);
    if (mode == MODE_X2APIC && !(base & BASE_X2APIC))
        msr_write(IA32_APIC_BASE, base | BASE_X2APIC);
}

uint32_t lapic_read(uint32_t offset)
{
    return lapic_page ? mmio_read32(lapic_page + offset) : (uint32_t)msr_read(LAPIC_MSR(offset));
}

void lapic_write(uint32_t offset, uint32_t value)
{
    if (lapic_page)
        mmio_write32(lapic_page + offset, value);
    else
        msr_write(LAPIC_MSR(offset), value);
}

uint32_t lapic_id(void)
{
    enable();
    return lapic_page ? lapic_read(LAPIC_ID) >> 24 : lapic_read(LAPIC_ID);
}

static bool is_anything_in_service(void)
{
    uint32_t bits = 0;

    for (unsigned n = 0; n < 8; n++)
        bits |= lapic_read(LAPIC_IN_SERVICE + 16 * n);
    return bits != 0;
}

static void set_up_timer(void)
{
    bool has_deadline = has_feature(FEATURE_TSC_DEADLINE);

    lapic_write(LAPIC_LVT_TIMER,
                LVT_MASKED | LAPIC_VECTOR_TIMER | (has_deadline ? LVT_TIMER_DEADLINE : 0));
    lapic_write(LAPIC_TIMER_INITIAL, 0);
    lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_1);
    lapic_timer = has_deadline ? LAPIC_TIMER_DEADLINE : LAPIC_TIMER_ONE_SHOT;
}

void lapic_start(void)
{
    enable();
    lapic_write(LAPIC_SPURIOUS, SPURIOUS_ENABLE | LAPIC_VECTOR_SPURIOUS);
    lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
    lapic_write(LAPIC_LVT_LINT1, LVT_NMI);
    lapic_write(LAPIC_LVT_ERROR, LVT_MASKED | LAPIC_VECTOR_ERROR);
    lapic_write(LAPIC_ERROR, 0);
    set_up_timer();
    for (unsigned most = 256; most > 0 && is_anything_in_service(); most--)
        lapic_end();
    lapic_priority_write(0);
}

/* The timer's mode has to be in force before the deadline that follows by another way (11.5.4.1).
 */
void lapic_unmask(uint32_t lvt)
{
    lapic_write(lvt, lapic_read(lvt) & ~LVT_MASKED);
    lapic_fence();
}

void lapic_mask(uint32_t lvt)
{
    lapic_write(lvt, lapic_read(lvt) | LVT_MASKED);
}

void lapic_send(uint32_t apic_id, uint32_t command)
{
    if (!lapic_page) {
        lapic_fence();
        msr_write(LAPIC_MSR(LAPIC_COMMAND), (uint64_t)apic_id << 32 | command);
        return;
    }
    uintptr_t state = arch_irq_save();

    while (lapic_read(LAPIC_COMMAND) & COMMAND_PENDING)
        arch_spin_relax();
    lapic_write(LAPIC_COMMAND_HIGH, apic_id << 24);
    lapic_write(LAPIC_COMMAND, command);
    arch_irq_restore(state);
}

static void wait_microseconds(unsigned microseconds)
{
    uint64_t units = arch_counter_hz() / 1000000 * microseconds;
    uint64_t from = arch_counter();

    while (arch_counter() - from < units)
        arch_spin_relax();
}

void lapic_start_cpu(uint32_t apic_id, uintptr_t page)
{
    bool must_wait = !cpuid_is_hypervised();

    enable();
    lapic_send(apic_id, COMMAND_INIT);
    if (must_wait)
        wait_microseconds(10000);
    for (unsigned n = 0; n < 2; n++) {
        lapic_send(apic_id, COMMAND_START | (uint32_t)(page >> 12));
        if (must_wait)
            wait_microseconds(200);
    }
}
