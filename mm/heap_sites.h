/* The counts behind kiln/heap_profile.h. Nothing without HEAP_PROFILE. */
#ifndef HEAP_SITES_H
#define HEAP_SITES_H

#include <stddef.h>
#include <mm/backtraces.h>

/* A block was allocated or freed. With the lock of traced blocks. */
void heap_sites_add(backtrace_t by, size_t bytes);
void heap_sites_remove(backtrace_t by, size_t bytes);

#endif
