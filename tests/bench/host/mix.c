/*
 * A random mix of malloc, calloc, realloc, aligned_alloc and free, the same in every run. callgrind
 * counts the instructions of what mix() calls, and none of its own: tools/kiln_cli/host_bench.py.
 *
 * PLACES hold a block or none. An operation chooses a place; an empty one gets a block: 13 of 16 by
 * malloc, 2 by calloc, 1 by aligned_alloc (32 to 256 bytes). A block is resized once in 8, to
 * between half and twice its size, and freed otherwise. Sizes are 16 bytes to 4 KiB, each doubling
 * as often as the others; with the argument `large`, one in 32 is 4 to 64 KiB. About half of the
 * places hold a block when counting begins. The first and the last byte of each block are written.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACES       4096
#define WARM_UP      20000
#define OPERATIONS   100000

#define SMALL_LEAST  16u
#define LARGE_LEAST  4096u
#define LARGE_SHARE  32u
#define RESIZE_SHARE 8u

enum kind { MALLOC, CALLOC, REALLOC, ALIGNED, FREE };

struct operation {
    uint8_t kind;
    uint16_t place;
    uint16_t alignment;
    uint32_t bytes;
};

static int has_large;
static struct operation operations[WARM_UP + OPERATIONS];
static unsigned char *blocks[PLACES];

static uint32_t choose(uint32_t below)
{
    static uint64_t state = 1;

    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 32) * below >> 32);
}

static uint32_t choose_bytes(void)
{
    uint32_t least = SMALL_LEAST << choose(8);

    if (has_large && choose(LARGE_SHARE) == 0)
        least = LARGE_LEAST << choose(4);
    return least + 1 + choose(least);
}

static enum kind choose_kind(void)
{
    uint32_t number = choose(16);

    if (number < 13)
        return MALLOC;
    return number < 15 ? CALLOC : ALIGNED;
}

/* The sizes are what the places hold; 0: nothing. */
static void choose_operations(void)
{
    static uint32_t held[PLACES];

    for (unsigned i = 0; i < WARM_UP + OPERATIONS; i++) {
        struct operation *one = &operations[i];
        uint32_t *bytes = &held[one->place = (uint16_t)choose(PLACES)];

        if (*bytes == 0) {
            one->kind = (uint8_t)choose_kind();
            *bytes = choose_bytes();
        } else if (choose(RESIZE_SHARE) == 0) {
            one->kind = REALLOC;
            *bytes = *bytes / 2 + 1 + choose(*bytes + *bytes / 2);
        } else {
            one->kind = FREE;
            *bytes = 0;
        }
        one->alignment = (uint16_t)(32u << choose(4));
        one->bytes = *bytes;
    }
}

static unsigned char *perform(const struct operation *one, unsigned char *block)
{
    switch (one->kind) {
    case MALLOC:
        return malloc(one->bytes);
    case CALLOC:
        return calloc(one->bytes, 1);
    case REALLOC:
        return realloc(block, one->bytes);
    case ALIGNED:
        return aligned_alloc(one->alignment, one->bytes);
    default:
        free(block);
        return NULL;
    }
}

static __attribute__((noinline)) void mix(const struct operation *one, unsigned count)
{
    for (; count > 0; count--, one++) {
        unsigned char **block = &blocks[one->place];

        *block = perform(one, *block);
        if (one->kind != FREE)
            (*block)[0] = (*block)[one->bytes - 1] = 1;
    }
}

/* The name by which callgrind knows from where on to count. */
__attribute__((noinline)) void mix_counted(void)
{
    mix(operations + WARM_UP, OPERATIONS);
}

int main(int argc, char **argv)
{
    has_large = argc > 1 && strcmp(argv[1], "large") == 0;
    choose_operations();
    mix(operations, WARM_UP);
    mix_counted();
    printf("operations %d\n", OPERATIONS);
    return 0;
}
