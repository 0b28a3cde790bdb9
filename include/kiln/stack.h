/*
 * Stacks, for threads and whatever else has one of its own: addresses above RAM, with unmapped
 * pages on both sides. One that is destroyed is kept as it is for the next of its size, until
 * memory is short.
 */
#ifndef KILN_STACK_H
#define KILN_STACK_H

#include <kiln/api.h>

KILN_BEGIN

#define KILN_STACK_BYTES_MOST ((size_t)4096 * 16383)

/** [bottom, top), whole pages; it grows down from top. */
struct kiln_stack {
    uintptr_t bottom, top;
};

/**
 * A stack of at least so many bytes, contents arbitrary. The name, which messages of faults give to
 * the thread that runs on it, stays the caller's. 0, -EINVAL: 0 bytes, or more than
 * KILN_STACK_BYTES_MOST; -ENOMEM. Thread context. One page costs about 150 instructions out of the
 * cache, 500 otherwise, and 24 bytes of tables at most beside the pages.
 */
int kiln_stack_create(size_t bytes, const char *name, struct kiln_stack *stack);

/** Gives it back; nothing runs on it any more. What is none panics. Thread context. */
void kiln_stack_destroy(const struct kiln_stack *stack);

/** The name of the stack that an address is in, or in whose guard below it; NULL: there is none.
 * Any context. About 60 instructions. */
const char *kiln_stack_name(const void *address);

KILN_END

#endif
