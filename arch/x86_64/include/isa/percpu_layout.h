/* Offsets in struct arch_percpu, for assembly, and selectors; isa/percpu.h asserts the former. */
#ifndef ISA_PERCPU_LAYOUT_H
#define ISA_PERCPU_LAYOUT_H

#define PERCPU_EMERGENCY_STACK_TOP 0
#define PERCPU_SELF                8
#define PERCPU_THREAD              16
#define PERCPU_CPU                 24

#define SELECTOR_CODE              0x08
#define SELECTOR_DATA              0x10
#define SELECTOR_TSS               0x18

#endif
