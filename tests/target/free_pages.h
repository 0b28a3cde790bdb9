/* Pages that nobody has. */
#ifndef FREE_PAGES_H
#define FREE_PAGES_H

#include <kiln/heap.h>
#include <kiln/page.h>

/* So many, after everybody has given back what he keeps at hand: nobody has as many as are asked
 * for. */
static inline size_t count_free_pages(void)
{
    struct kiln_heap_stats stats;

    if (kiln_page_alloc_exact(SIZE_MAX / KILN_PAGE_BYTES / 2, KILN_PAGE_WAIT))
        return 0;
    kiln_heap_get_stats(&stats);
    return stats.free_bytes / KILN_PAGE_BYTES;
}

#endif
