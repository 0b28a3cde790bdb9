/*
 * A depot of backtraces: each distinct one is kept once and for good, in pages that it takes as it
 * grows, at most 2 MiB. Only builds that trace blocks (mm/traced.h) have one.
 */
#ifndef MM_BACKTRACES_H
#define MM_BACKTRACES_H

#include <stdint.h>

#define BACKTRACE_DEPTH 16u /* the innermost calls of a longer one are kept */

/* Names one; 0 is none: the depot is full, or has got no memory. */
typedef uint32_t backtrace_t;

/*
 * Keeps the return addresses of the function with this frame and of its callers. Any context;
 * about 20 instructions a call and a hash, with interrupts masked and a lock.
 */
backtrace_t backtrace_record_from(uintptr_t frame);

/* The same for the function that it stands in: whoever called that comes first. */
__attribute__((always_inline)) static inline backtrace_t backtrace_record(void)
{
    return backtrace_record_from((uintptr_t)__builtin_frame_address(0));
}

/* Finds those return addresses, and how many there are. Any context. */
unsigned backtrace_walk(uintptr_t frame, uintptr_t *pcs, unsigned most);

/* Copies one's return addresses, innermost call first; returns how many. Any context. */
unsigned backtrace_read(backtrace_t backtrace, uintptr_t *pcs, unsigned most);

#endif
