/* The heap's large blocks: pages of their own. `page` is the descriptor of a block's first page. */
#ifndef MM_HEAP_LARGE_H
#define MM_HEAP_LARGE_H

#include <stdbool.h>
#include <mm/page.h>

/* Before the first use, once. */
void heap_large_start(uintptr_t key);

/* NULL: there are no such pages. Thread context. */
void *heap_large_allocate(size_t alignment, size_t bytes);
void heap_large_free(struct page *page, void *data);

/* Makes it so large where it stands; false: there is no room, and nothing has changed. */
bool heap_large_resize(struct page *page, void *data, size_t bytes);
size_t heap_large_usable_bytes(const struct page *page, const void *data);

/* How many there are, and their pages. */
void heap_large_count(size_t *blocks, size_t *pages);

#endif
