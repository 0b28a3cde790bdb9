/* AArch64: the memory types that page tables name (MAIR_EL1, Arm ARM D19.2.106). */
#ifndef ISA_MAIR_H
#define ISA_MAIR_H

/* Indices into MAIR_EL1. */
#define MAIR_NORMAL   0 /* write-back, read and write allocate */
#define MAIR_DEVICE   1 /* nGnRE */
#define MAIR_UNCACHED 2
#define MAIR_VALUE    0x4404FF

#endif
