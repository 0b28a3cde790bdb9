/* What the memory checker has found. core reports it and ends the program. */
#ifndef MM_MEMORY_BUG_H
#define MM_MEMORY_BUG_H

#include <stddef.h>
#include <stdint.h>

struct memory_bug {
    enum { MEMORY_READ, MEMORY_WRITE, MEMORY_FREE } what;
    uintptr_t address; /* that is accessed or freed */
    size_t bytes;
    uintptr_t bad;   /* the first byte that is wrong */
    uintptr_t frame; /* of a function: the backtrace begins with its caller */
};

/* Core's report, which does not return; NULL before the shadow is there. */
extern void (*memory_bug_report)(const struct memory_bug *bug);

/* A variable that compilers told of when the program started. */
struct memory_global {
    uintptr_t start;
    size_t bytes;
    size_t with_redzone;
    const char *name;
    const char *file;
    size_t has_dynamic_init;
    const void *place;
    uintptr_t indicator;
};

/* The one that the address is in or behind, NULL: there is none. Any context. */
const struct memory_global *memory_global_at(uintptr_t address);

#endif
