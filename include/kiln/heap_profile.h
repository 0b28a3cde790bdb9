/*
 * Profile of the heap: for each place in the program from which blocks were allocated, how many
 * there are and have been. With HEAP_PROFILE=1 only, which also prints it at the end of a run.
 */
#ifndef KILN_HEAP_PROFILE_H
#define KILN_HEAP_PROFILE_H

#include <kiln/api.h>

KILN_BEGIN

#define KILN_HEAP_SITE_DEPTH 16

/** A call site: all that a sequence of calls has allocated. */
struct kiln_heap_site {
    size_t blocks;      /**< live ones */
    size_t bytes;       /**< in them, as asked for */
    size_t allocations; /**< since the program's start, and what they asked for */
    size_t allocated_bytes;
    unsigned depth; /**< of the return addresses, the innermost call first; 0 */
    uintptr_t pcs[KILN_HEAP_SITE_DEPTH]; /**< of what could not be noted for want of memory */
};

/**
 * Calls `visit` for each call site until it returns false: the one with most live bytes first, and
 * of equals the one that has allocated more. `visit` may use the heap; what is allocated meanwhile
 * may make a site come twice or not at all. 0, or -ENOTSUP: the build has no HEAP_PROFILE. Thread
 * context. Cost: the square of the number of call sites.
 */
int kiln_heap_profile(bool (*visit)(const struct kiln_heap_site *site, void *context),
                      void *context);

/** Prints it on the console, call sites as a panic prints backtraces. Thread context. */
void kiln_heap_profile_print(void);

KILN_END

#endif
