/* Cache maintenance by address, to the point of coherency. */
#include <arch/cache.h>

/* CTR_EL0.IminLine: log2 of the words in the smallest instruction cache line. */
static uintptr_t code_line_bytes(void)
{
    uint64_t ctr;

    __asm__("mrs %0, ctr_el0" : "=r"(ctr));
    return (uintptr_t)4 << (ctr & 15);
}

/* The instruction on each line that the range touches. */
#define FOR_EACH_LINE(instruction, start, bytes, line_bytes)                                       \
    do {                                                                                           \
        uintptr_t line = (line_bytes);                                                             \
        uintptr_t end = (uintptr_t)(start) + (bytes);                                              \
        for (uintptr_t at = (uintptr_t)(start) & -line; at < end; at += line)                      \
            __asm__ volatile(instruction ", %0" : : "r"(at) : "memory");                           \
    } while (0)

void arch_cache_clean(const void *start, size_t bytes)
{
    FOR_EACH_LINE("dc cvac", start, bytes, arch_cache_line_bytes());
    __asm__ volatile("dsb sy" : : : "memory");
}

/* Eight lines a turn, because boot does it on whole tables. */
void arch_cache_invalidate(void *start, size_t bytes)
{
    size_t step = arch_cache_line_bytes();
    uintptr_t next = (uintptr_t)start & -step;
    uintptr_t limit = (uintptr_t)start + bytes;
    for (; next + 8 * step <= limit; next += step)
        __asm__ volatile(".rept 7\n\tdc ivac, %0\n\tadd %0, %0, %1\n\t.endr\n\tdc ivac, %0"
                         : "+r"(next)
                         : "r"(step)
                         : "memory");
    FOR_EACH_LINE("dc ivac", next, limit - next, step);
    __asm__ volatile("dsb sy" : : : "memory");
}

void arch_cache_clean_invalidate(void *start, size_t bytes)
{
    FOR_EACH_LINE("dc civac", start, bytes, arch_cache_line_bytes());
    __asm__ volatile("dsb sy" : : : "memory");
}

/* To the point of unification only, which is where instruction fetches meet data. */
void arch_cache_sync_code(const void *start, size_t bytes)
{
    FOR_EACH_LINE("dc cvau", start, bytes, arch_cache_line_bytes());
    __asm__ volatile("dsb ish" : : : "memory");
    FOR_EACH_LINE("ic ivau", start, bytes, code_line_bytes());
    __asm__ volatile("dsb ish\n\tisb" : : : "memory");
}
