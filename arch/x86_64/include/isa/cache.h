/* x86_64's part of arch/cache.h. Devices snoop the caches, so that they need no maintenance. */
#ifndef ISA_CACHE_H
#define ISA_CACHE_H

#define ARCH_DEVICES_SNOOP 1

/* Of every CPU that has long mode. */
static inline size_t arch_cache_line_bytes(void)
{
    return 64;
}

static inline size_t arch_cache_writeback_bytes(void)
{
    return arch_cache_line_bytes();
}

#endif
