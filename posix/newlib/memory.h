/*
 * Memory for newlib's streams. The standard ones need none, yet share with all others the code
 * that would ask for some and give it back: it does so through this, which is set where memory is
 * really needed first. Garbage collection thus keeps the heap out of programs that do without.
 */
#ifndef POSIX_MEMORY_H
#define POSIX_MEMORY_H

#include <stddef.h>

struct stream_memory {
    void *(*allocate)(size_t count, size_t each); /* calloc */
    void (*release)(void *block);                 /* free */
};

/* NULL as long as there is no block to be released, nor a stream that needs one. */
extern const struct stream_memory *kiln_posix_stream_memory;

/* Sets it. */
void kiln_posix_use_memory(void);

#endif
