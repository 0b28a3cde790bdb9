/*
 * The local APIC of the CPU that asks: Intel SDM volume 3, chapter 11. Its registers are a page of
 * memory at IA32_APIC_BASE in xAPIC mode, MSRs in x2APIC mode. x2APIC mode is kept where firmware
 * has left it on; KILN_CONFIG_X2APIC says where it is switched on: by default under a hypervisor
 * that has it, since a bare machine may need interrupt remapping first. The page is expected to be
 * mapped as a device.
 */
#ifndef X86_64_LAPIC_H
#define X86_64_LAPIC_H

#include <arch/mmio.h>
#include <stdbool.h>
#include <stdint.h>
#include <x86_64/msr.h>

/* Registers: offsets in the page; 16 bytes are one MSR. 11.4.1, 11.12.1.2 */
#define LAPIC_ID            0x020u
#define LAPIC_END           0x0B0u
#define LAPIC_SPURIOUS      0x0F0u
#define LAPIC_IN_SERVICE    0x100u /* eight of 32 bits */
#define LAPIC_ERROR         0x280u
#define LAPIC_COMMAND       0x300u /* x2APIC: 64 bits */
#define LAPIC_COMMAND_HIGH  0x310u /* xAPIC only */
#define LAPIC_LVT_TIMER     0x320u
#define LAPIC_LVT_LINT0     0x350u
#define LAPIC_LVT_LINT1     0x360u
#define LAPIC_LVT_ERROR     0x370u
#define LAPIC_TIMER_INITIAL 0x380u
#define LAPIC_TIMER_CURRENT 0x390u
#define LAPIC_TIMER_DIVIDE  0x3E0u

#define LAPIC_MSR(offset)   (0x800u + (offset) / 16)

/* Vectors of the CPU's own interrupts. */
#define LAPIC_VECTOR_ERROR    251u
#define LAPIC_VECTOR_TIMER    252u
#define LAPIC_VECTOR_IPI      254u
#define LAPIC_VECTOR_SPURIOUS 255u

/* The page; 0 in x2APIC mode. Written by lapic_start on the boot CPU. */
extern uintptr_t lapic_page;

/* The timer's mode: none before lapic_start. 11.5.4 */
enum lapic_timer { LAPIC_TIMER_NONE, LAPIC_TIMER_ONE_SHOT, LAPIC_TIMER_DEADLINE };
extern enum lapic_timer lapic_timer;

/* Ends the interrupt that this CPU serves; after lapic_start. Four instructions, seven in x2APIC
 * mode. */
static inline void lapic_end(void)
{
    uintptr_t page = lapic_page;

    if (page)
        mmio_write32(page + LAPIC_END, 0);
    else
        msr_write(LAPIC_MSR(LAPIC_END), 0);
}

/* A register of 32 bits. After lapic_start or lapic_id. */
uint32_t lapic_read(uint32_t offset);
void lapic_write(uint32_t offset, uint32_t value);

/* This CPU's APIC id, as I/O APICs and ICRs know it. Any context, also before lapic_start. */
uint32_t lapic_id(void);

/*
 * Puts this CPU's local APIC into a known state: on, nothing in service, LINT0 masked (an 8259's
 * output), LINT1 NMI, its own interrupts masked, everything else let through. IRQs off. The boot
 * CPU first.
 */
void lapic_start(void);

/* Lets one of this CPU's own interrupts (LAPIC_LVT_TIMER, LAPIC_LVT_ERROR) through, or holds it
 * back. IRQs off. */
void lapic_unmask(uint32_t lvt);
void lapic_mask(uint32_t lvt);

/* Sends a vector, or another command of LAPIC_COMMAND's lower half, to one CPU; what was stored
 * before is visible there. Any context, after lapic_start or lapic_id. */
void lapic_send(uint32_t apic_id, uint32_t command);

/*
 * Resets a CPU and makes it run from a page below 1 MiB in real mode: INIT and two start-up
 * interrupts with the delays of the MultiProcessor Specification 1.4, B.4, which a hypervisor
 * does not need. Thread context or boot, the local APIC's page mapped. 10 ms, or 1 us.
 */
void lapic_start_cpu(uint32_t apic_id, uintptr_t page);

#endif
