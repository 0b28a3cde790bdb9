/*
 * Fault injection: allocations that fail as if memory were used up, so that what a program does
 * then can be tested. With FAULT_INJECTION=1 only.
 *
 * Each call that allocates counts: of the heap, of a cache, of pages, and those that one of them
 * makes itself. So a block whose slab cannot be had may still come out of pages of its own.
 */
#ifndef KILN_FAULT_H
#define KILN_FAULT_H

#include <kiln/api.h>

KILN_BEGIN

/** All that come. */
#define KILN_FAIL_ALL UINT64_MAX

/**
 * Makes `count` allocations fail, of which the `first` from now on, 1 being the next, is the first.
 * A count of 0: none any more. The boot option fail=FIRST or fail=FIRST,COUNT does the same before
 * main. 0, or -ENOTSUP: the build has no fault injection. Any context.
 */
int kiln_fail_allocations(uint64_t first, uint64_t count);

/** Allocations so far, those that failed on demand, and different ways (backtraces of up to eight
 * frames) by which they came. */
struct kiln_fault_counts {
    uint64_t allocations;
    uint64_t failures;
    unsigned paths;
};

/** What has been counted; zeros without fault injection. Any context. */
void kiln_fault_get_counts(struct kiln_fault_counts *counts);

KILN_END

#endif
