/* Call sites of the heap, by their backtraces: a hash table over records that lie in pages. */
#include <kiln/heap_profile.h>

#include <errno.h>
#include <mm/traced.h>

#if KILN_CONFIG_HEAP_PROFILE

#include <mm/page.h>
#include "heap_sites.h"

#define BUCKETS 256u

struct site {
    struct site *next; /* of its bucket */
    backtrace_t by;
    size_t blocks, bytes, allocations, allocated_bytes;
};

/* Protected by the lock of traced blocks. Records stay for good. */
static struct {
    struct site *buckets[BUCKETS];
    struct site *fresh; /* of a page, so many are left */
    size_t left;
    struct site unknown; /* what has no backtrace, or has got no record */
} sites;

static struct site *find(backtrace_t by)
{
    struct site *site = sites.buckets[by % BUCKETS];

    while (site && site->by != by)
        site = site->next;
    return site;
}

static struct site *add(backtrace_t by)
{
    if (sites.left == 0) {
        sites.fresh = (struct site *)page_alloc(0, PAGE_ZERO);
        sites.left = sites.fresh ? ARCH_PAGE_BYTES / sizeof(struct site) : 0;
    }
    if (sites.left == 0)
        return &sites.unknown;
    struct site *site = sites.fresh++;

    sites.left--;
    site->by = by;
    site->next = sites.buckets[by % BUCKETS];
    sites.buckets[by % BUCKETS] = site;
    return site;
}

void heap_sites_add(backtrace_t by, size_t bytes)
{
    struct site *site = by ? find(by) : &sites.unknown;

    if (!site)
        site = add(by);
    site->blocks++;
    site->bytes += bytes;
    site->allocations++;
    site->allocated_bytes += bytes;
}

/* Blocks from before a site got its record are among the unknown. */
void heap_sites_remove(backtrace_t by, size_t bytes)
{
    struct site *site = by ? find(by) : NULL;

    if (!site || site->blocks == 0)
        site = &sites.unknown;
    site->blocks--;
    site->bytes -= bytes;
}

/* Whether one is printed before the other. */
static bool is_before(const struct site *a, const struct site *b)
{
    if (a->bytes != b->bytes)
        return a->bytes > b->bytes;
    if (a->allocated_bytes != b->allocated_bytes)
        return a->allocated_bytes > b->allocated_bytes;
    return a->by < b->by;
}

static void choose(const struct site *site, const struct site *last, const struct site **best)
{
    if (site->allocations && (!last || is_before(last, site)) && (!*best || is_before(site, *best)))
        *best = site;
}

/* Copies the one that comes next after the last; false: that was the last one. */
static bool next(const struct site *last, struct site *found)
{
    const struct site *best = NULL;
    uintptr_t state = traced_lock();

    for (unsigned i = 0; i < BUCKETS; i++)
        for (const struct site *site = sites.buckets[i]; site; site = site->next)
            choose(site, last, &best);
    choose(&sites.unknown, last, &best);
    if (best)
        *found = *best;
    traced_unlock(state);
    return best != NULL;
}

int kiln_heap_profile(bool (*visit)(const struct kiln_heap_site *site, void *context),
                      void *context)
{
    struct site last, *after = NULL;
    bool goes_on = true;

    for (; goes_on && next(after, &last); after = &last) {
        struct kiln_heap_site site = {
            .blocks = last.blocks,
            .bytes = last.bytes,
            .allocations = last.allocations,
            .allocated_bytes = last.allocated_bytes,
        };

        site.depth = backtrace_read(last.by, site.pcs, KILN_HEAP_SITE_DEPTH);
        goes_on = visit(&site, context);
    }
    return 0;
}

#else

int kiln_heap_profile(bool (*visit)(const struct kiln_heap_site *site, void *context),
                      void *context)
{
    (void)visit;
    (void)context;
    return -ENOTSUP;
}

#endif
