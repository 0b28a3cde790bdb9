/* The boot space, which start.S turns on. */
#include <arch/cache.h>
#include <arch/mmu.h>

struct arch_space arch_boot_space;

_Static_assert(offsetof(struct arch_space, root) == 0, "start.S loads it at offset 0");

/*
 * The tables were written past the caches: no line of theirs, and none of what every other CPU
 * reads before its caches are on, may be stale.
 */
void arch_boot_space_ready(uintptr_t tables, uintptr_t tables_end)
{
    arch_cache_invalidate((void *)tables, tables_end - tables);
}
