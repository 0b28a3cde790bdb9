/* x86_64: how FP and SIMD registers are turned on, beside what arch/fp.h promises. */
#ifndef ISA_FP_H
#define ISA_FP_H

#include <stdint.h>
#include <x86_64/cpuid.h>

/* Looks how this CPU's states are saved. Returns what CR4 needs for it; leaf1 is CPUID's. */
uint64_t isa_fp_features(const struct cpuid *leaf1);

/* Once CR4 has that: which components are on. */
void isa_fp_init(void);

/*
 * A thread has used FP for the first time: lets it, with clean registers. The exception's handler,
 * when a thread raised it.
 */
void isa_fp_first_use(void);

#endif
