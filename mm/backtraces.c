/* The depot: a table of 1024 lists by hash, entries one behind the other in pages. */
#include <mm/backtraces.h>
#include <mm/traced.h>

#if HEAP_TRACED

#include <string.h>
#include <arch/frame.h>
#include <mm/lock.h>
#include <mm/page.h>

#define SLOT_BYTES     sizeof(uint64_t)
#define SLOTS_PER_PAGE (ARCH_PAGE_BYTES / SLOT_BYTES)
#define PAGES_MOST     512u
#define BUCKETS        1024u

struct entry {
    backtrace_t next; /* of the same bucket */
    uint16_t hash;
    uint16_t depth;
    uintptr_t pcs[];
};

/* Entries never change once they are in a list, nor does a page's address. */
static struct {
    struct kiln_spinlock lock; /* protects all of it */
    unsigned pages;
    size_t used; /* slots of the last page */
    uintptr_t page[PAGES_MOST];
    backtrace_t buckets[BUCKETS];
} depot = {.lock = KILN_SPINLOCK_INIT, .used = SLOTS_PER_PAGE};

_Static_assert(BACKTRACE_DEPTH * sizeof(uintptr_t) + sizeof(struct entry) <= ARCH_PAGE_BYTES,
               "an entry fits into a page");

/* The first slot of the first page has number 1. */
static struct entry *entry_at(backtrace_t backtrace)
{
    size_t slot = backtrace - 1;

    return (struct entry *)(depot.page[slot / SLOTS_PER_PAGE] + slot % SLOTS_PER_PAGE * SLOT_BYTES);
}

unsigned backtrace_walk(uintptr_t frame, uintptr_t *pcs, unsigned most)
{
    unsigned depth = 0;

    while (depth < most) {
        struct arch_backtrace_step step = arch_backtrace_next(frame);

        if (!step.pc)
            break;
        pcs[depth++] = step.pc;
        frame = step.fp;
    }
    return depth;
}

/* Fowler, Noll and Vo's, by words. */
static uint32_t hash_of(const uintptr_t *pcs, unsigned depth)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (unsigned i = 0; i < depth; i++)
        hash = (hash ^ pcs[i]) * UINT64_C(0x100000001b3);
    return (uint32_t)(hash ^ hash >> 32);
}

static backtrace_t find(const uintptr_t *pcs, unsigned depth, uint32_t hash)
{
    backtrace_t found = depot.buckets[hash % BUCKETS];

    while (found) {
        const struct entry *entry = entry_at(found);

        if (entry->hash == (uint16_t)(hash >> 16) && entry->depth == depth &&
            memcmp(entry->pcs, pcs, depth * sizeof(*pcs)) == 0)
            break;
        found = entry->next;
    }
    return found;
}

/* Number of the first of so many new slots, one behind the other; 0: there are none. */
static backtrace_t take_slots(size_t slots)
{
    if (depot.used + slots > SLOTS_PER_PAGE) {
        uintptr_t page = depot.pages < PAGES_MOST ? page_alloc(0, 0) : 0;

        if (!page)
            return 0;
        depot.page[depot.pages++] = page;
        depot.used = 0;
    }
    size_t first = (depot.pages - 1) * SLOTS_PER_PAGE + depot.used;

    depot.used += slots;
    return (backtrace_t)(first + 1);
}

static backtrace_t add(const uintptr_t *pcs, unsigned depth, uint32_t hash)
{
    size_t bytes = depth * sizeof(*pcs);
    backtrace_t *bucket = &depot.buckets[hash % BUCKETS];
    backtrace_t added = take_slots((sizeof(struct entry) + bytes + SLOT_BYTES - 1) / SLOT_BYTES);

    if (!added)
        return 0;
    struct entry *entry = entry_at(added);

    *entry = (struct entry){*bucket, (uint16_t)(hash >> 16), (uint16_t)depth};
    memcpy(entry->pcs, pcs, bytes);
    *bucket = added;
    return added;
}

backtrace_t backtrace_record_from(uintptr_t frame)
{
    uintptr_t pcs[BACKTRACE_DEPTH];
    unsigned depth = backtrace_walk(frame, pcs, BACKTRACE_DEPTH);
    uint32_t hash = hash_of(pcs, depth);
    uintptr_t state = mm_lock_unordered(&depot.lock);
    backtrace_t found = find(pcs, depth, hash);

    if (!found && depth)
        found = add(pcs, depth, hash);
    mm_unlock_unordered(&depot.lock, state);
    return found;
}

unsigned backtrace_read(backtrace_t backtrace, uintptr_t *pcs, unsigned most)
{
    const struct entry *entry = backtrace ? entry_at(backtrace) : NULL;
    unsigned depth = entry ? entry->depth : 0;

    if (depth > most)
        depth = most;
    for (unsigned i = 0; i < depth; i++)
        pcs[i] = entry->pcs[i];
    return depth;
}

#endif
