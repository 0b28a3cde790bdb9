/* Devices snoop the caches: only the compiler has to have made its accesses. */
#include <arch/barrier.h>
#include <arch/cache.h>

void arch_cache_clean(const void *start, size_t bytes)
{
    (void)start;
    (void)bytes;
    arch_barrier_compiler();
}

void arch_cache_invalidate(void *start, size_t bytes)
{
    (void)start;
    (void)bytes;
    arch_barrier_compiler();
}

void arch_cache_clean_invalidate(void *start, size_t bytes)
{
    (void)start;
    (void)bytes;
    arch_barrier_compiler();
}

/* Stores reach every CPU's instruction fetch; what this one has fetched already is dropped (Intel
 * SDM volume 3, 8.1.3 "Self- and Cross-Modifying Code"). */
void arch_cache_sync_code(const void *start, size_t bytes)
{
    (void)start;
    (void)bytes;
    arch_barrier_full();
}
