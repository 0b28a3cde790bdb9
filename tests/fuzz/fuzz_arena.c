/*
 * libFuzzer's target for arenas: blocks are aligned, inside, behind each other and keep what is
 * written to them; a mark frees what came after it and nothing else.
 */
#include <kiln/arena.h>
#include "../host/panic_support.h"

#define BYTES 2000
#define MARKS 8

static unsigned char memory[BYTES];
static unsigned char model[BYTES];

static void expect(bool holds)
{
    if (!holds)
        abort();
}

/* NULL only if there is no room from the next aligned address on. */
static void allocate(struct kiln_arena *arena, uint8_t order, size_t bytes, uint8_t value)
{
    size_t alignment = (size_t)1 << order % 12;
    uintptr_t next = kiln_arena_mark(arena), end = (uintptr_t)memory + BYTES;
    uintptr_t wanted = (next + alignment - 1) & ~(uintptr_t)(alignment - 1);
    unsigned char *block = kiln_arena_allocate_aligned(arena, alignment, bytes);

    if (wanted > end || bytes > end - wanted) {
        expect(block == NULL && kiln_arena_mark(arena) == next);
        return;
    }
    expect((uintptr_t)block == wanted && kiln_arena_available(arena) == end - wanted - bytes);
    memset(block, value, bytes);
    memset(model + (block - memory), value, bytes);
}

static void operate(struct kiln_arena *arena, uintptr_t *marks, unsigned *count,
                    const uint8_t *data)
{
    size_t bytes = (size_t)data[1] * (data[0] & 0x40 ? 16 : 1);

    if (data[0] & 0x80) {
        allocate(arena, data[0], bytes, data[2]);
    } else if (data[0] % 8 == 0) {
        kiln_arena_free_all(arena);
        *count = 0;
    } else if (data[0] % 2 && *count) {
        *count = data[1] % *count;
        kiln_arena_free_to(arena, marks[*count]);
        expect(kiln_arena_mark(arena) == marks[*count]);
    } else if (*count < MARKS) {
        marks[(*count)++] = kiln_arena_mark(arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct kiln_arena arena;
    uintptr_t marks[MARKS];
    unsigned count = 0;

    kiln_arena_init(&arena, memory, BYTES);
    memcpy(model, memory, BYTES);
    for (size_t i = 0; i + 3 <= bytes; i += 3) {
        operate(&arena, marks, &count, data + i);
        expect(memcmp(memory, model, BYTES) == 0);
    }
    return 0;
}
