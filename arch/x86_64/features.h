/* Turning on what a CPU has. Private to arch/x86_64. */
#ifndef X86_64_FEATURES_H
#define X86_64_FEATURES_H

#include <isa/fp.h>

/*
 * Memory types, global pages, what keeps the supervisor from the user's pages, FP and SIMD; and
 * looks what the mapper may use. Each CPU, once, before it loads the final tables; NX, WP, MP, NE
 * and four-level paging are on already.
 */
void isa_features_init(void);

#endif
