/*
 * Watches what the mapper writes, as the CPU's table walker would: pages for tables come from here,
 * and each write to a table that walks can reach is checked against the rules of the architecture,
 * which table_format.h knows. Violations go to TEST_HOLDS.
 */
#ifndef TABLE_WATCH_H
#define TABLE_WATCH_H

#include <arch/mmu.h>
#include <isa/mmu.h>
#include <string.h>
#include <table_format.h>
#include "test.h"

#define WATCH_PAGES   6000
#define WATCH_ENTRIES 512
#define WATCH_DIRTY   1000

struct watch_page {
    bool linked;    /* a walk can get here */
    uintptr_t base; /* first address that the table translates */
    unsigned shift; /* log2 of what an entry spans */
};

static _Alignas(4096) uint64_t watch_memory[WATCH_PAGES][WATCH_ENTRIES];
static struct watch_page watch_page[WATCH_PAGES];
static unsigned watch_used;  /* pages that were handed out */
static unsigned watch_limit; /* pages that may be */

/* Ranges whose translations a TLB may still hold though the tables say otherwise. */
static struct {
    uintptr_t start;
    uintptr_t end;
} watch_dirty[WATCH_DIRTY];
static unsigned watch_dirty_count;
static bool watch_exchanges; /* a page may take another's place at once, if the CPU lets it */
static bool watch_unsynced;  /* entries were written after the last barrier */

static uintptr_t watch_source(void)
{
    if (watch_used == watch_limit)
        return 0;
    memset(watch_memory[watch_used], 0xA5, 4096);
    watch_page[watch_used].linked = false;
    return (uintptr_t)watch_memory[watch_used++];
}

/* The page that an entry stands in. */
static struct watch_page *watch_page_of(const uint64_t *entry)
{
    size_t page = ((uintptr_t)entry - (uintptr_t)watch_memory) / 4096;

    if (page >= watch_used) {
        printf("Bail out! a table entry is written outside the tables\n");
        exit(1);
    }
    return &watch_page[page];
}

static uintptr_t watch_va_of(const uint64_t *entry)
{
    const struct watch_page *page = watch_page_of(entry);

    return page->base + ((uintptr_t)entry / 8 % WATCH_ENTRIES << page->shift);
}

/* A new space of this size with `pages` pages for its tables. */
static int watch_begin(struct arch_space *space, unsigned va_bits, unsigned pages)
{
    int error;

    watch_used = 0;
    watch_limit = pages;
    watch_dirty_count = 0;
    watch_unsynced = false;
    error = arch_space_init(space, va_bits, watch_source);
    if (error == 0)
        *watch_page_of(space->root) =
            (struct watch_page){.linked = true, .shift = space->va_bits - 9};
    return error;
}

/* A walk's way into a table: what stands in it from now on is live. */
static void watch_link(const uint64_t *entry, uint64_t value)
{
    struct watch_page *page = watch_page_of(entry);
    struct watch_page *child;

    if (!format_is_table(value, page->shift))
        return;
    child = watch_page_of((const uint64_t *)(uintptr_t)(value & FORMAT_ADDRESS));
    *child = (struct watch_page){true, watch_va_of(entry), page->shift - 9};
}

static bool watch_is_dirty(uintptr_t va, uint64_t bytes)
{
    for (unsigned i = 0; i < watch_dirty_count; i++)
        if (watch_dirty[i].start < va + bytes && va < watch_dirty[i].end)
            return true;
    return false;
}

static void watch_add_dirty(uintptr_t start, uintptr_t end)
{
    unsigned last = watch_dirty_count - 1;

    if (watch_dirty_count && watch_dirty[last].end == start) {
        watch_dirty[last].end = end;
        return;
    }
    if (watch_dirty_count == WATCH_DIRTY) {
        printf("Bail out! more changes than can be watched\n");
        exit(1);
    }
    watch_dirty[watch_dirty_count].start = start;
    watch_dirty[watch_dirty_count++].end = end;
}

static void watch_write(uint64_t *entry, uint64_t value)
{
    const struct watch_page *page = watch_page_of(entry);
    uint64_t old = *entry;
    uintptr_t va = watch_va_of(entry);
    uint64_t bytes = (uint64_t)1 << page->shift;

    *entry = value;
    watch_unsynced = true;
    if (!page->linked)
        return;
    watch_link(entry, value);
    bool is_live = format_is_valid(old);
    /* Tables that take a leaf's place map what it did, and no more is said of them. */
    bool is_split = is_live && format_is_table(value, page->shift);

    if (format_is_valid(value)) {
        bool may_exchange = watch_exchanges && FORMAT_MAY_EXCHANGE;
        TEST_HOLDS(!is_live || may_exchange || format_may_replace(old, value, page->shift),
                   "entry of %zx goes from %llx to %llx at once", va, (unsigned long long)old,
                   (unsigned long long)value);
        TEST_HOLDS(is_live || !watch_is_dirty(va, bytes), "%zx is made before it is flushed", va);
    }
    if (is_live && old != value && !is_split)
        watch_add_dirty(va, va + bytes);
}

/* After a call has returned, no walk and no TLB sees what was before. */
static void watch_check_settled(const char *what)
{
    TEST_HOLDS(!watch_unsynced, "%s: no barrier behind the last write", what);
    TEST_HOLDS(watch_dirty_count == 0, "%s: %zx was changed and not flushed", what,
               watch_dirty[0].start);
}

/* What isa/mmu.h wants. */

void arch_table_publish(uint64_t *entry, uint64_t value)
{
    watch_write(entry, value);
}

void arch_table_fill(uint64_t *entries, uint64_t value, uint64_t step, size_t count)
{
    for (size_t i = 0; i < count; i++)
        watch_write(&entries[i], value + i * step);
}

void arch_table_clear(uint64_t *table)
{
    TEST_HOLDS(!watch_page_of(table)->linked, "a live table is cleared");
    for (size_t i = 0; i < WATCH_ENTRIES; i++)
        watch_write(&table[i], 0);
    watch_unsynced = false; /* nobody walks it before an entry leads to it */
}

void arch_table_barrier(void)
{
    watch_unsynced = false;
}

void arch_tlb_flush(uintptr_t va, size_t bytes)
{
    unsigned count = watch_dirty_count;

    watch_unsynced = false;
    watch_dirty_count = 0;
    for (unsigned i = 0; i < count; i++) {
        uintptr_t start = watch_dirty[i].start, end = watch_dirty[i].end;

        TEST_HOLDS(start >= va || end <= va + bytes, "a flush in the middle of what changed");
        if (start < va)
            watch_add_dirty(start, end < va ? end : va);
        else if (end > va + bytes)
            watch_add_dirty(start > va + bytes ? start : va + bytes, end);
    }
}

/* There is one CPU. */
void arch_tlb_flush_here(uintptr_t va, size_t bytes)
{
    arch_tlb_flush(va, bytes);
}

#endif
