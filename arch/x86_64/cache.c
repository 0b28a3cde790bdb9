/* Devices snoop the caches: for them only the compiler has to have made its accesses. */
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

/* For memory that is no longer mapped as cached (Intel SDM volume 3, 11.12.4). */
void arch_cache_clean_invalidate(void *start, size_t bytes)
{
    uintptr_t line = (uintptr_t)start & -arch_cache_line_bytes();

    for (; line < (uintptr_t)start + bytes; line += arch_cache_line_bytes())
        __asm__ volatile("clflush (%0)" : : "r"(line) : "memory");
    __asm__ volatile("mfence" : : : "memory");
}

/* Stores reach every CPU's instruction fetch; what this one has fetched already is dropped (Intel
 * SDM volume 3, 8.1.3 "Self- and Cross-Modifying Code"). */
void arch_cache_sync_code(const void *start, size_t bytes)
{
    (void)start;
    (void)bytes;
    arch_barrier_full();
}
