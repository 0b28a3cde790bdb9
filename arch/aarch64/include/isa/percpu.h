/* AArch64's part of arch/percpu.h. */
#ifndef ISA_PERCPU_H
#define ISA_PERCPU_H

#define ARCH_EMERGENCY_STACKS 1u
#define ARCH_EMERGENCY_NAMES  {"last resort"}
#define ARCH_EMERGENCY_BYTES  4096u

struct arch_percpu {
    uintptr_t emergency_stack_top; /* where a fault in a handler is reported from */
};

#endif
