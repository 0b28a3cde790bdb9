/*
 * Arenas: blocks one behind the other in a piece of memory, freed all at once. For what lives and
 * dies together, such as a request's or a frame's data.
 */
#ifndef KILN_ARENA_H
#define KILN_ARENA_H

#include <kiln/api.h>

KILN_BEGIN

/** An arena. Its fields are the runtime's. The caller keeps calls on one arena apart. */
struct kiln_arena {
    uintptr_t start, end;
    uintptr_t next; /* first byte that is free */
};

/** An arena over `size` bytes at `memory`. */
#define KILN_ARENA_INIT(memory, size)                                                              \
    {                                                                                              \
        (uintptr_t)(memory), (uintptr_t)(memory) + (size), (uintptr_t)(memory)                     \
    }

/** Defines an arena `name` over `size` bytes of its own. */
#define KILN_ARENA(name, size)                                                                     \
    static __attribute__((aligned(16))) unsigned char name##_memory[size];                         \
    struct kiln_arena name = KILN_ARENA_INIT(name##_memory, size)

/** The same at run time. Any context. */
void kiln_arena_init(struct kiln_arena *arena, void *memory, size_t bytes);

/**
 * So many bytes, aligned to 16 or to a power of two, contents arbitrary; NULL when there is no
 * room. A few instructions. Any context.
 */
void *kiln_arena_allocate(struct kiln_arena *arena, size_t bytes);
void *kiln_arena_allocate_aligned(struct kiln_arena *arena, size_t alignment, size_t bytes);

/** What is allocated so far, for kiln_arena_free_to. Any context. */
uintptr_t kiln_arena_mark(const struct kiln_arena *arena);

/** Frees all that was allocated since the mark; a mark that was freed itself panics. Any context.
 */
void kiln_arena_free_to(struct kiln_arena *arena, uintptr_t mark);

/** Frees all. Any context. */
void kiln_arena_free_all(struct kiln_arena *arena);

/** Bytes that are left, before alignment. Any context. */
size_t kiln_arena_available(const struct kiln_arena *arena);

KILN_END

#endif
