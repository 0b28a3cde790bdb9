/* What a search for leaks notes in a block; part of struct traced_block. */
#ifndef MM_LEAK_MARK_H
#define MM_LEAK_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct traced_block;

/* Zeros in a new block. */
struct leak_mark {
    struct traced_block *left, *right; /* tree by address */
    struct traced_block *next;         /* chain in another order */
    struct traced_block *work;         /* chain of blocks whose contents are to be looked at */
    size_t group_blocks, group_bytes;  /* of a group, in its first block */
    uint8_t kind;                      /* enum leak_kind */
    bool is_ignored;                   /* the program said so */
};

#endif
