/*
 * Allocators of blocks against a model. A sequence of operations is a string of bytes, four for
 * each operation, so that a test makes it at random and shrinks what fails, and libFuzzer makes it
 * from what it learns. Every block is filled to its last usable byte: an overlap, a byte that is
 * lost in a move and a wrong alignment all show.
 */
#ifndef BLOCK_MODEL_H
#define BLOCK_MODEL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_SLOTS 64

struct block_allocator {
    void *(*allocate)(size_t alignment, size_t bytes);
    void *(*resize)(void *block, size_t bytes);
    void (*release)(void *block);
    size_t (*usable)(const void *block);
    /* Looks at its own structures; `blocks` are allocated. False: says what is wrong itself. */
    bool (*is_consistent)(unsigned blocks);
};

struct model_block {
    unsigned char *data;
    size_t bytes;
    unsigned char fill;
};

static struct model_block model_blocks[MODEL_SLOTS];
static unsigned model_count;
static bool model_quiet;

static inline bool model_wrong(const char *what, const struct model_block *block)
{
    if (!model_quiet)
        printf("# %s: %p, %zu bytes\n", what, (void *)block->data, block->bytes);
    return false;
}

static inline bool model_holds(const struct model_block *block, size_t bytes)
{
    bool holds = bytes == 0 || (block->data[0] == block->fill &&
                                memcmp(block->data, block->data + 1, bytes - 1) == 0);

    return holds || model_wrong("contents changed", block);
}

static inline bool model_took(const struct block_allocator *allocator, struct model_block *block,
                              size_t alignment, unsigned char fill)
{
    size_t usable = allocator->usable(block->data);

    if ((uintptr_t)block->data % alignment)
        return model_wrong("misaligned", block);
    if (usable < block->bytes)
        return model_wrong("too small", block);
    block->fill = fill;
    memset(block->data, fill, usable);
    return true;
}

/* Mostly small, now and then up to 64 KiB. */
static inline size_t model_size(const uint8_t *operation)
{
    size_t bytes = (size_t)operation[2] | (size_t)operation[3] << 8;

    return operation[1] & 0x80 ? bytes : bytes % 600;
}

static inline bool model_allocate(const struct block_allocator *allocator,
                                  struct model_block *block, const uint8_t *operation)
{
    size_t alignment = operation[1] & 0x40 ? (size_t)1 << operation[1] % 14 : 16;

    block->bytes = model_size(operation);
    block->data = allocator->allocate(alignment, block->bytes);
    if (!block->data)
        return true;
    model_count++;
    return model_took(allocator, block, alignment, operation[2] ^ operation[0]);
}

static inline bool model_resize(const struct block_allocator *allocator, struct model_block *block,
                                const uint8_t *operation)
{
    size_t bytes = model_size(operation);
    size_t kept = bytes < block->bytes ? bytes : block->bytes;
    unsigned char *data = allocator->resize(block->data, bytes);

    if (!data)
        return model_holds(block, block->bytes);
    block->data = data;
    if (!model_holds(block, kept))
        return false;
    block->bytes = bytes;
    return model_took(allocator, block, 16, operation[2] ^ operation[0]);
}

static inline bool model_release(const struct block_allocator *allocator, struct model_block *block)
{
    bool held = model_holds(block, block->bytes);

    allocator->release(block->data);
    block->data = NULL;
    model_count--;
    return held;
}

static inline bool model_step(const struct block_allocator *allocator, const uint8_t *operation)
{
    struct model_block *block = &model_blocks[operation[0] % MODEL_SLOTS];

    if (!block->data)
        return model_allocate(allocator, block, operation);
    if (operation[1] % 3 == 0)
        return model_resize(allocator, block, operation);
    return model_release(allocator, block);
}

static inline bool model_all_hold(void)
{
    for (unsigned i = 0; i < MODEL_SLOTS; i++)
        if (model_blocks[i].data && !model_holds(&model_blocks[i], model_blocks[i].bytes))
            return false;
    return true;
}

static inline bool model_release_all(const struct block_allocator *allocator)
{
    bool holds = true;

    for (unsigned i = 0; i < MODEL_SLOTS; i++)
        if (model_blocks[i].data)
            holds &= model_release(allocator, &model_blocks[i]);
    return allocator->is_consistent(0) && holds;
}

/* Runs a sequence with full checks after every `each` operations, and frees all that is left. */
static inline bool model_run(const struct block_allocator *allocator, const uint8_t *operations,
                             size_t bytes, unsigned each)
{
    bool holds = true;

    for (size_t i = 0; holds && i + 4 <= bytes; i += 4) {
        holds = model_step(allocator, operations + i);
        if (holds && i / 4 % each == 0)
            holds = model_all_hold() && allocator->is_consistent(model_count);
    }
    return model_release_all(allocator) && holds;
}

/* Takes operations out of a failing sequence for as long as it fails, and prints the rest. */
static inline void model_shrink(const struct block_allocator *allocator, uint8_t *operations,
                                size_t bytes)
{
    uint8_t *fewer = malloc(bytes);

    model_quiet = true;
    for (size_t piece = bytes / 8 * 4; piece >= 4; piece = piece / 8 * 4)
        for (size_t i = 0; i + piece <= bytes;) {
            memcpy(fewer, operations, i);
            memcpy(fewer + i, operations + i + piece, bytes - i - piece);
            if (model_run(allocator, fewer, bytes - piece, 1)) {
                i += piece;
                continue;
            }
            bytes -= piece;
            memcpy(operations, fewer, bytes);
        }
    model_quiet = false;
    free(fewer);
    printf("# shrunk to %zu operations:", bytes / 4);
    for (size_t i = 0; i < bytes; i++)
        printf("%s%02x", i % 4 ? "" : " ", operations[i]);
    putchar('\n');
}

#endif
