/*
 * Leaks: which allocated blocks a program can still reach, by a conservative mark and sweep over
 * mm/traced.h's blocks (Boehm and Weiser, "Garbage collection in an uncooperative environment",
 * 1988). It needs no memory: tree, work list and groups are threaded through the blocks' headers.
 *
 * All calls, from leak_begin on: traced_lock() held, and nobody changes what is looked at.
 */
#ifndef MM_LEAK_H
#define MM_LEAK_H

#include <mm/backtraces.h>
#include <mm/leak_mark.h>
#include <mm/traced.h>

/* What becomes of a block. One that several of these hold for is the last of them. */
enum leak_kind {
    LEAK_UNSEEN,     /* while the search runs */
    LEAK_DIRECT,     /* no pointer to it, or only from blocks that it leads to */
    LEAK_INDIRECT,   /* pointers only from lost blocks */
    LEAK_POSSIBLE,   /* reached by way of a pointer into the inside of a block */
    LEAK_SUPPRESSED, /* lost, but the user or the program does not want to know, or reached from
                        such a block */
    LEAK_REACHABLE,  /* pointers to its start lead to it */
    LEAK_KINDS
};

/* Forgets an earlier search, and puts the blocks that are allocated now in order. Cost: n log n. */
void leak_begin(void);

/* All aligned words from one address up to another are the program's: blocks that they point to,
 * and that these lead to, are reachable. Cost: log n for each word that may be a pointer. */
void leak_reach(uintptr_t from, uintptr_t to);

/* The same for all pages that somebody has but the heap: leak_pages.c. */
void leak_reach_pages(void);

/* Ends the search: tells apart what is left. `is_suppressed` is asked once for each backtrace. */
void leak_tell_apart(bool (*is_suppressed)(backtrace_t allocated_by));

/* Blocks of one kind that were allocated by one backtrace. */
struct leak_group {
    enum leak_kind kind;
    backtrace_t allocated_by;
    size_t blocks;
    size_t bytes;
};

/* Visits all groups, by kind, and then the largest first. Cost: n log n. */
void leak_groups(void (*visit)(const struct leak_group *group, void *context), void *context);

#endif
