/*
 * A priority queue whose nodes are members of the objects in it: a leftist heap. The least key
 * comes first, and of equal keys the one that was added first (among 2^31 that were added last). A
 * heap that is all zeros is empty. The caller serialises access. Adding and removing, of any node,
 * take O(log n) each time; any context.
 */
#ifndef LIB_HEAP_H
#define LIB_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No key is less than those of the nodes below. A node's rank is the length of the path that leads
 * down its right side, where no path down to a missing node is shorter. */
struct heap_node {
    struct heap_node *up, *left, *right;
    uint64_t key;
    uint32_t order;
    uint32_t rank;
};

struct heap {
    struct heap_node *root;
    uint32_t order; /* of the next node */
};

static inline bool heap_is_empty(const struct heap *heap)
{
    return !heap->root;
}

/* The first node, which stays, or NULL of an empty heap. */
static inline struct heap_node *heap_first(const struct heap *heap)
{
    return heap->root;
}

static inline bool heap_precedes(const struct heap_node *a, const struct heap_node *b)
{
    if (a->key != b->key)
        return a->key < b->key;
    return (int32_t)(a->order - b->order) < 0;
}

static inline uint32_t heap_rank(const struct heap_node *node)
{
    return node ? node->rank : 0;
}

/* Makes the right side the shorter one again. True: the node's rank is another than before. */
static inline bool heap_balance(struct heap_node *node)
{
    if (heap_rank(node->left) < heap_rank(node->right)) {
        struct heap_node *left = node->left;
        node->left = node->right;
        node->right = left;
    }
    uint32_t rank = heap_rank(node->right) + 1;
    if (rank == node->rank)
        return false;
    node->rank = rank;
    return true;
}

/* One heap of two, without the place above it. */
static inline struct heap_node *heap_merge(struct heap_node *a, struct heap_node *b)
{
    struct heap_node *root = NULL, *above = NULL, **place = &root;

    while (a && b) {
        struct heap_node *first = heap_precedes(b, a) ? b : a;
        b = first == b ? a : b;
        *place = first;
        first->up = above;
        above = first;
        place = &first->right;
        a = first->right;
    }
    *place = a ? a : b;
    if (*place)
        (*place)->up = above;
    for (; above; above = above->up)
        heap_balance(above);
    return root;
}

/* Adds a node that is in no heap. */
static inline void heap_add(struct heap *heap, struct heap_node *node, uint64_t key)
{
    *node = (struct heap_node){.key = key, .order = heap->order++, .rank = 1};
    heap->root = heap_merge(heap->root, node);
}

/* Takes a node out of the heap that it is in. Ranks above change at most as far up as the longest
 * right side is long. */
static inline void heap_remove(struct heap *heap, struct heap_node *node)
{
    struct heap_node *below = heap_merge(node->left, node->right), *up = node->up;

    if (below)
        below->up = up;
    if (!up)
        heap->root = below;
    else if (up->left == node)
        up->left = below;
    else
        up->right = below;
    while (up && heap_balance(up))
        up = up->up;
}

/* Takes the first node out and returns it, or NULL of an empty heap. */
static inline struct heap_node *heap_take_first(struct heap *heap)
{
    struct heap_node *first = heap->root;

    if (first)
        heap_remove(heap, first);
    return first;
}

#endif
