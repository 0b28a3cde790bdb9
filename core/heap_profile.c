/* The profile of the heap, on the console. */
#include <kiln/heap_profile.h>

#include <core/backtrace.h>
#include <mm/traced.h>

static bool print_site(const struct kiln_heap_site *site, void *unused)
{
    (void)unused;
    core_print("  %zu bytes in %zu blocks; %zu allocations of %zu bytes:\n", site->bytes,
               site->blocks, site->allocations, site->allocated_bytes);
    core_print_backtrace(site->pcs, site->depth);
    return true;
}

void kiln_heap_profile_print(void)
{
#if KILN_CONFIG_HEAP_PROFILE
    struct traced_totals totals;

    traced_totals(&totals);
    core_print("kiln: heap-profile: %zu bytes in %zu blocks, at most %zu bytes; %zu allocations of "
               "%zu bytes\n",
               totals.bytes, totals.blocks, totals.peak_bytes, totals.allocations,
               totals.bytes_allocated);
#endif
    kiln_heap_profile(print_site, NULL);
}
