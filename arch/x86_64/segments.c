/*
 * What each CPU needs before it takes an exception: descriptor tables, stacks, control registers.
 * Intel SDM volume 3: 3.4.5 (segments), 6.14 (64-bit interrupts), 2.5 (control registers).
 */
#include "features.h"
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/percpu.h>
#include <kiln/config.h>
#include <x86_64/msr.h>
#include <x86_64/vectors.h>

#define VECTORS            256u
#define EXCEPTIONS         32u
#define ENTRY_BYTES        5u /* vectors.S */
#define GROUP_ENTRIES      16u
#define JUMP_BYTES         5u

#define VECTOR_NMI         2u
#define VECTOR_DOUBLE      8u
#define VECTOR_MACHINE     18u
#define VECTOR_SYSTEM_CALL 0x80u

#define CODE_64            0x00AF9B000000FFFFu
#define DATA_FLAT          0x00CF93000000FFFFu
#define TSS_AVAILABLE      0x0000890000000000u
#define GATE_INTERRUPT     0x00008E0000000000u

/* Which of the task state segment's interrupt stacks an entry takes; 0 is none. */
enum stack { STACK_INTERRUPT = 1, STACK_FAULT, STACK_NMI, STACK_LAST };

struct __attribute__((packed)) table_pointer {
    uint16_t limit;
    uint64_t base;
};

extern const char isa_exception_entries[], isa_interrupt_entries[], isa_system_call_entry[];

/* Written by the boot CPU before anything is let through. */
static uint64_t gates[VECTORS][2];

static uint64_t stack_of(unsigned vector)
{
    if (vector >= EXCEPTIONS && vector != VECTOR_SYSTEM_CALL)
        return STACK_INTERRUPT;
    if (vector == VECTOR_NMI)
        return STACK_NMI;
    return vector == VECTOR_DOUBLE || vector == VECTOR_MACHINE ? STACK_LAST : STACK_FAULT;
}

/* The image lies below 4 GiB: the second word of a gate, the offset's upper half, stays 0. */
static void fill_gate(unsigned vector, const char *entry)
{
    uint64_t offset = (uintptr_t)entry;
    gates[vector][0] = (offset & 0xFFFF) | (offset & 0xFFFF0000) << 32 | SELECTOR_CODE << 16 |
                       stack_of(vector) << 32 | GATE_INTERRUPT;
}

static void fill_gates(unsigned vector, unsigned end, const char *entry, unsigned group_bytes)
{
    for (; vector < end; vector++) {
        if (vector != VECTOR_SYSTEM_CALL)
            fill_gate(vector, entry);
        entry += ENTRY_BYTES + (vector % GROUP_ENTRIES == GROUP_ENTRIES - 1 ? group_bytes : 0);
    }
}

void vectors_open(void)
{
    fill_gates(EXCEPTIONS, VECTORS, isa_interrupt_entries, JUMP_BYTES);
}

static void fill_tss(struct arch_percpu *percpu)
{
    uint64_t top = percpu->emergency_stack_top;
    uint64_t base = (uintptr_t)&percpu->tss;
    percpu->tss.interrupt_stacks[STACK_INTERRUPT - 1] =
        top + ARCH_PAGE_BYTES + KILN_CONFIG_IRQ_STACK_BYTES;
    percpu->tss.interrupt_stacks[STACK_FAULT - 1] = top;
    percpu->tss.interrupt_stacks[STACK_LAST - 1] = top - ISA_LAST_STACK_TOP;
    percpu->tss.interrupt_stacks[STACK_NMI - 1] = top - ISA_NMI_STACK_TOP;
    percpu->tss.io_map = sizeof percpu->tss;
    percpu->gdt[1] = CODE_64;
    percpu->gdt[2] = DATA_FLAT;
    percpu->gdt[3] = TSS_AVAILABLE | (sizeof percpu->tss - 1) | (base & 0xFFFFFF) << 16 |
                     (base >> 24 & 0xFF) << 56;
    percpu->gdt[4] = base >> 32;
}

static void load_tables(const struct arch_percpu *percpu)
{
    struct table_pointer gdt = {sizeof percpu->gdt - 1, (uintptr_t)percpu->gdt};
    struct table_pointer idt = {sizeof gates - 1, (uintptr_t)gates};
    __asm__ volatile("lgdt %0\n\tlidt %1\n\tltr %w2"
                     :
                     : "m"(gdt), "m"(idt), "r"(SELECTOR_TSS)
                     : "memory");
}

/* Called by start.S on each CPU, the boot CPU first. */
void isa_cpu_init(struct arch_percpu *percpu, uint32_t cpu);
void isa_cpu_init(struct arch_percpu *percpu, uint32_t cpu)
{
    percpu->self = percpu;
    percpu->cpu = cpu;
    if (cpu == 0) {
        fill_gates(0, EXCEPTIONS, isa_exception_entries, 2 * JUMP_BYTES);
        fill_gate(VECTOR_SYSTEM_CALL, isa_system_call_entry);
    }
    fill_tss(percpu);
    load_tables(percpu);
    msr_write(ISA_MSR_GS_BASE, (uintptr_t)percpu);
    isa_features_init();
}
