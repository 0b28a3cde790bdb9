/* Memory before the page allocator: see mm/early.h. */
#include <mm/early.h>
#include <arch/mmu.h>
#include <kiln/api.h>
#include <mm/shadow.h>

#define RANGES      24 /* as many as boot knows */
#define TABLE_PAGES 8  /* kept back from it: tables of later mappings */
#define KEEP_SHARE  16 /* but at most this part of what is left */

static struct {
    uintptr_t next;
    uintptr_t end;
    unsigned range_count;
    struct {
        uintptr_t start;
        size_t bytes;
    } ranges[RANGES];
} early KILN_NOINIT; /* boot does not clear it */

void mm_early_begin(uintptr_t start)
{
    early.next = start;
    early.end = UINTPTR_MAX;
    early.range_count = 0;
}

void mm_early_close(void)
{
    early.end = early.next;
}

uintptr_t mm_early_next(void)
{
    return early.next;
}

void *mm_early_allocate(size_t bytes, size_t alignment)
{
    uintptr_t start = (early.next + alignment - 1) & ~(alignment - 1);
    if (start > early.end || bytes > early.end - start)
        return NULL;
    if (KILN_CONFIG_CHECK_MEMORY)
        shadow_open(early.next, start + bytes, SHADOW_FINE);
    early.next = start + bytes;
    return (void *)start;
}

uintptr_t mm_early_page(void)
{
    return (uintptr_t)mm_early_allocate(ARCH_PAGE_BYTES, ARCH_PAGE_BYTES);
}

void mm_early_add_range(uintptr_t start, size_t bytes)
{
    if (start - early.next < ARCH_PAGE_BYTES) {
        early.end = start + bytes;
    } else if (bytes && early.range_count < RANGES) {
        early.ranges[early.range_count].start = start;
        early.ranges[early.range_count++].bytes = bytes;
    }
}

void mm_early_cut(uintptr_t (*cut)(uintptr_t start, uintptr_t end))
{
    early.end = cut(early.next, early.end);
    for (unsigned i = 0; i < early.range_count; i++) {
        uintptr_t start = early.ranges[i].start;
        early.ranges[i].bytes = cut(start, start + early.ranges[i].bytes) - start;
    }
}

/* The page allocator gets the upper part of the first range, tables go on at its lower end. */
static bool take_behind_image(uintptr_t *start, size_t *bytes)
{
    static bool taken;
    if (taken || early.end == UINTPTR_MAX)
        return false;
    taken = true;
    size_t left = early.end - early.next;
    size_t keep = TABLE_PAGES * ARCH_PAGE_BYTES;
    if (keep > left / KEEP_SHARE)
        keep = left / KEEP_SHARE;
    *start = early.next + keep;
    *bytes = left - keep;
    early.end = *start;
    return true;
}

bool mm_early_take_range(uintptr_t *start, size_t *bytes)
{
    if (take_behind_image(start, bytes))
        return true;
    if (early.range_count == 0)
        return false;
    early.range_count--;
    *start = early.ranges[early.range_count].start;
    *bytes = early.ranges[early.range_count].bytes;
    return true;
}
