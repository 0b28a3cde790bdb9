/* AArch64: FP registers, beside what arch/fp.h promises. */
#ifndef ISA_FP_H
#define ISA_FP_H

/* A thread has used FP for the first time: lets it, with clean registers. The exception's handler.
 */
void isa_fp_first_use(void);

#endif
