/* Arenas: see kiln/arena.h. */
#include <kiln/arena.h>
#include <kiln/panic.h>

#define ALIGNMENT ((size_t)16)

void kiln_arena_init(struct kiln_arena *arena, void *memory, size_t bytes)
{
    *arena = (struct kiln_arena)KILN_ARENA_INIT(memory, bytes);
}

void *kiln_arena_allocate_aligned(struct kiln_arena *arena, size_t alignment, size_t bytes)
{
    size_t left = arena->end - arena->next;
    size_t gap = -arena->next & (alignment - 1);
    uintptr_t block = arena->next + gap;

    KILN_ASSERT(alignment && (alignment & (alignment - 1)) == 0);
    if (gap > left || bytes > left - gap)
        return NULL;
    arena->next = block + bytes;
    return (void *)block;
}

void *kiln_arena_allocate(struct kiln_arena *arena, size_t bytes)
{
    return kiln_arena_allocate_aligned(arena, ALIGNMENT, bytes);
}

uintptr_t kiln_arena_mark(const struct kiln_arena *arena)
{
    return arena->next;
}

void kiln_arena_free_to(struct kiln_arena *arena, uintptr_t mark)
{
    if (mark - arena->start > arena->next - arena->start)
        kiln_panic("arena: %p is no mark of it, or was freed", (void *)mark);
    arena->next = mark;
}

void kiln_arena_free_all(struct kiln_arena *arena)
{
    arena->next = arena->start;
}

size_t kiln_arena_available(const struct kiln_arena *arena)
{
    return arena->end - arena->next;
}
