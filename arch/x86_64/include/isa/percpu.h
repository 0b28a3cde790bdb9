/*
 * x86_64's part of arch/percpu.h: the GS base of each CPU leads here. The descriptor table and the
 * task state segment are the CPU's own (Intel SDM volume 3, 3.5 and 8.7).
 */
#ifndef ISA_PERCPU_H
#define ISA_PERCPU_H

#include <isa/percpu_layout.h>
#include <stddef.h>

/*
 * From the top down: for faults; for a double fault or machine check, which must not need that one;
 * for NMIs, which come at any time and go back.
 */
#define ARCH_EMERGENCY_STACKS 3u
#define ARCH_EMERGENCY_NAMES                                                                       \
    {                                                                                              \
        "last resort", "double faults", "NMIs"                                                     \
    }
#define ARCH_EMERGENCY_BYTES 4096u
#define ISA_LAST_STACK_TOP   8192u /* below emergency_stack_top */
#define ISA_NMI_STACK_TOP    16384u

struct kiln_thread;

/* The task state segment: only its stacks are used. */
struct isa_tss {
    uint32_t reserved0;
    uint64_t privilege_stacks[3];
    uint64_t reserved1;
    uint64_t interrupt_stacks[7]; /* IST1 is the first */
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map;
} __attribute__((packed));

struct arch_percpu {
    uintptr_t emergency_stack_top;
    struct arch_percpu *self;
    struct kiln_thread *thread;
    uint32_t cpu;
    uint32_t apic_id;
    uint64_t gdt[5]; /* null, code, data, and the TSS, which takes two */
    struct isa_tss tss;
};

#define ISA_ASSERT(field, offset)                                                                  \
    _Static_assert(offsetof(struct arch_percpu, field) == (offset), "percpu layout: " #field)
ISA_ASSERT(emergency_stack_top, PERCPU_EMERGENCY_STACK_TOP);
ISA_ASSERT(self, PERCPU_SELF);
ISA_ASSERT(thread, PERCPU_THREAD);
ISA_ASSERT(cpu, PERCPU_CPU);
#undef ISA_ASSERT
_Static_assert(sizeof(struct isa_tss) == 104, "the CPU's layout");

#endif
