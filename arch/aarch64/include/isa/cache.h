/* AArch64's part of arch/cache.h. */
#ifndef ISA_CACHE_H
#define ISA_CACHE_H

#define ARCH_DEVICES_SNOOP 0

/* Arm ARM (DDI 0487), CTR_EL0.DminLine: log2 of the words in the smallest data cache line. */
static inline size_t arch_cache_line_bytes(void)
{
    uint64_t ctr;

    __asm__("mrs %0, ctr_el0" : "=r"(ctr));
    return (size_t)4 << (ctr >> 16 & 15);
}

/* CTR_EL0.CWG: log2 of the words in the largest write-back granule; 0: at most 512 words. */
static inline size_t arch_cache_writeback_bytes(void)
{
    uint64_t ctr;

    __asm__("mrs %0, ctr_el0" : "=r"(ctr));
    unsigned granule = ctr >> 24 & 15;
    return (size_t)4 << (granule ? granule : 9);
}

#endif
