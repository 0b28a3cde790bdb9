/* The heap's side towards the boot: where its memory comes from. The rest is kiln/heap.h. */
#ifndef MM_HEAP_H
#define MM_HEAP_H

#include <stddef.h>
#include <stdint.h>

/*
 * Gives a range of mapped, unused RAM to the heap, for good. What is too small is ignored. Boot.
 * Cost: constant, one cache line of the range is written; the first
 * allocation prepares it.
 */
void heap_add_range(uintptr_t start, size_t bytes);

#endif
