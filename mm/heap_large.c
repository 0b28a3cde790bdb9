/*
 * Large blocks. The first page's descriptor says how many pages there are, that of the page in
 * which the block begins, which may be a later one for the sake of alignment, where the first is.
 *
 * Hardened, the last word is the heap's if the program has asked for so little that it has no need
 * of it, which in_use says: its key, mixed with the block's address. A block that fills its pages
 * has none, since that would cost it a page.
 */
#include "heap_large.h"

#include <arch/irq.h>
#include <kiln/panic.h>
#include <lib/align.h>
#include "slab_cache.h"

#define MOST_BYTES ((size_t)PTRDIFF_MAX)

static struct {
    uintptr_t key;        /* random; never changes after the start */
    size_t blocks, pages; /* atomic */
} large;

static unsigned page_flags(void)
{
    return arch_irqs_off() ? 0 : PAGE_WAIT;
}

static void count(size_t blocks, size_t pages)
{
    __atomic_fetch_add(&large.blocks, blocks, __ATOMIC_RELAXED);
    __atomic_fetch_add(&large.pages, pages, __ATOMIC_RELAXED);
}

void heap_large_count(size_t *blocks, size_t *pages)
{
    *blocks = __atomic_load_n(&large.blocks, __ATOMIC_RELAXED);
    *pages = __atomic_load_n(&large.pages, __ATOMIC_RELAXED);
}

static uintptr_t end_of(const struct page *page)
{
    uintptr_t first = (uintptr_t)page->owner;

    return first + page_of(first)->pages * ARCH_PAGE_BYTES;
}

void heap_large_start(uintptr_t key)
{
    large.key = key;
}

static uintptr_t mark(const void *data)
{
    return large.key ^ (uintptr_t)data;
}

static void set_mark(struct page *page, const void *data, size_t bytes)
{
    uintptr_t end = end_of(page);
    bool has_room = SLAB_HARDENED && end - (uintptr_t)data - bytes >= sizeof(uintptr_t);

    slab_set_in_use(page, has_room);
    if (has_room)
        ((uintptr_t *)end)[-1] = mark(data);
}

size_t heap_large_usable_bytes(const struct page *page, const void *data)
{
    const uintptr_t *end = (const uintptr_t *)end_of(page);

    if (page->in_use && *--end != mark(data))
        kiln_panic("%s: block %p was written beyond its end", "heap", data);
    return (uintptr_t)end - (uintptr_t)data;
}

/* Pages with an address of that alignment in front of so many; it is hardly ever another than the
 * first. */
static uintptr_t take_pages(size_t alignment, size_t *pages)
{
    unsigned flags = page_flags();
    size_t aligned = alignment / ARCH_PAGE_BYTES;
    size_t natural = *pages > aligned / 2 ? *pages : aligned / 2 + 1;
    uintptr_t first = page_alloc_exact(natural, aligned > 1 ? flags | PAGE_ALIGNED : flags);

    if (first && !is_aligned(first, alignment)) {
        page_free_exact(first, natural);
        natural = *pages + aligned;
        first = page_alloc_exact(natural, flags);
    }
    *pages = natural;
    return first;
}

void *heap_large_allocate(size_t alignment, size_t bytes)
{
    size_t pages = bytes ? (bytes + ARCH_PAGE_BYTES - 1) / ARCH_PAGE_BYTES : 1;
    struct page *page;
    uintptr_t first;
    void *data;

    if (bytes > MOST_BYTES || alignment > MOST_BYTES / 2)
        return NULL;
    first = take_pages(alignment, &pages);
    if (!first)
        return NULL;
    data = (void *)align_up(first, alignment);
    page = page_of((uintptr_t)data);
    slab_set_state(page, PAGE_LARGE);
    page->owner = (void *)first;
    set_mark(page, data, bytes);
    count(1, pages);
    return data;
}

void heap_large_free(struct page *page, void *data)
{
    uintptr_t first = (uintptr_t)page->owner;
    size_t pages = page_of(first)->pages;

    heap_large_usable_bytes(page, data);
    slab_set_in_use(page, 0);
    slab_set_state(page, first == (uintptr_t)data ? PAGE_EXACT : PAGE_INSIDE);
    count((size_t)-1, -pages);
    page_free_exact(first, pages);
}

bool heap_large_resize(struct page *page, void *data, size_t bytes)
{
    uintptr_t first = (uintptr_t)page->owner;
    size_t was = page_of(first)->pages, pages;

    if (bytes > MOST_BYTES)
        return false;
    pages = ((uintptr_t)data - first + bytes + ARCH_PAGE_BYTES - 1) / ARCH_PAGE_BYTES;
    if (pages != was && !page_resize_exact(first, pages, page_flags()))
        return false;
    count(0, pages - was);
    set_mark(page, data, bytes);
    return true;
}
