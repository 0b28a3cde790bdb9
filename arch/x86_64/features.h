/* Turning on what a CPU has. Private to arch/x86_64. */
#ifndef X86_64_FEATURES_H
#define X86_64_FEATURES_H

#include <stdint.h>
#include <x86_64/cpuid.h>

/*
 * Memory types, global pages, what keeps the supervisor from the user's pages, FP and SIMD; and
 * looks what the mapper may use. Each CPU, once, before it loads the final tables; NX, WP, MP, NE
 * and four-level paging are on already.
 */
void isa_features_init(void);

/* The part of it that concerns FP and SIMD; leaf1 is CPUID's. Returns what CR4 needs for it. */
uint64_t isa_fp_features(const struct cpuid *leaf1);

/* Once CR4 has that. */
void isa_fp_init(void);

/*
 * A thread has used FP for the first time: lets it, with clean registers. The exception's handler,
 * when a thread raised it.
 */
void isa_fp_first_use(void);

#endif
