/* The host's part of arch/cache.h. */
#ifndef ISA_CACHE_H
#define ISA_CACHE_H

#define ARCH_DEVICES_SNOOP 0

static inline size_t arch_cache_line_bytes(void)
{
    return 64;
}

static inline size_t arch_cache_writeback_bytes(void)
{
    return 64;
}

#endif
