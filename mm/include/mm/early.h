/*
 * Memory before the page allocator: pages and small pieces are cut from the range that follows the
 * image, and never given back; what is left is mm/page.h's from its first use on.
 */
#ifndef MM_EARLY_H
#define MM_EARLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts at the end of the image, with no known end. Boot, MMU off. */
void mm_early_begin(uintptr_t start);

/* Ends that range, once RAM is known, where it is; mm_early_add_range() may extend it. Boot. */
void mm_early_close(void);

/* First address that is not yet given away. Boot. */
uintptr_t mm_early_next(void);

/* One page, contents arbitrary; 0 when there is none. A page source for the mapper. Boot or
 * thread context, one caller at a time. */
uintptr_t mm_early_page(void);

/* Bytes, aligned to a power of two, contents arbitrary; NULL when there is no room. The same. */
void *mm_early_allocate(size_t bytes, size_t alignment);

/* Adds a range of free RAM: the one that begins on the page of mm_early_next() is what pages go on
 * to be cut from, others wait for mm/page.h. Boot. */
void mm_early_add_range(uintptr_t start, size_t bytes);

/* Asks for each range of free RAM where it is to end from here on; the one behind the image comes
 * first, and pages may be cut from its start meanwhile. Boot, before ranges are taken. */
void mm_early_cut(uintptr_t (*cut)(uintptr_t start, uintptr_t end));

/*
 * Takes one range for good; false when all are taken. The range behind the image comes first,
 * less a few pages for tables. Thread context, one caller at a time.
 */
bool mm_early_take_range(uintptr_t *start, size_t *bytes);

#endif
