/* Pages: whole pages of memory, in blocks of a power of two or exactly as many as needed. */
#ifndef KILN_PAGE_H
#define KILN_PAGE_H

#include <kiln/api.h>

KILN_BEGIN

/** A block of order n is 2^n pages of 4 KiB, aligned to its size. */
#define KILN_PAGE_BYTES     4096
#define KILN_PAGE_ORDER_TOP 10

/** What an allocation wants, or may do. */
enum kiln_page_flags {
    KILN_PAGE_ZERO = 1,    /**< filled with zeros */
    KILN_PAGE_DMA = 2,     /**< within reach of every device of the board */
    KILN_PAGE_RESERVE = 4, /**< may use up what is kept back for interrupts and drivers */
    KILN_PAGE_WAIT = 8     /**< a thread, interrupts on, no lock held: may make others free some */
};

/**
 * A block of pages; its physical address is the same. NULL: there is none. Any context, without
 * KILN_PAGE_WAIT. A single page costs about 20 instructions, a block at most about 200.
 */
void *kiln_page_alloc(unsigned order, unsigned flags);

/** Frees a block that nobody else refers to. What is no such block, is free already, or has another
 * order panics. Any context. */
void kiln_page_free(void *block, unsigned order);

/** Any number of adjacent pages, of which no more are used, and which are freed as so many. Beyond
 * 4 MiB a search: a few instructions for each 256 KiB in use. Any context, as above. */
void *kiln_page_alloc_exact(size_t pages, unsigned flags);
void kiln_page_free_exact(void *first, size_t pages);

/**
 * The same two, which wait until there is a block, or so many pages, or the deadline has passed
 * (kiln/time.h); whatever the flags, they make others free some. NULL: none until then, or the wait
 * was interrupted (kiln_thread_interrupt); at once if there could never be so large a block. They
 * try again whenever pages come back, and every 10 ms, for what others have spare by then. No
 * cancellation points. Thread context with interrupts on, no lock held.
 */
void *kiln_page_alloc_until(unsigned order, unsigned flags, int64_t deadline);
void *kiln_page_alloc_exact_until(size_t pages, unsigned flags, int64_t deadline);

KILN_END

#endif
