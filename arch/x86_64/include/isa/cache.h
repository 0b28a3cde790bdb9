/* x86_64's part of arch/cache.h. Devices snoop the caches, so that they need no maintenance. */
#ifndef ISA_CACHE_H
#define ISA_CACHE_H

/* Of every CPU that has long mode. */
static inline size_t arch_cache_line_bytes(void)
{
    return 64;
}

#endif
