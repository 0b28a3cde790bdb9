/*
 * Pools: a fixed number of objects of one size in static memory, for programs that want no heap
 * and for interrupt handlers.
 */
#ifndef KILN_POOL_H
#define KILN_POOL_H

#include <kiln/api.h>
#include <kiln/spinlock.h>

KILN_BEGIN

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic" /* a lock that is not configured in has no byte */
/** A pool. Its fields are the runtime's. */
struct kiln_pool {
    void *head;                /* last freed object */
    uintptr_t key;             /* random; 0 until the first use */
    uintptr_t fresh;           /* objects from here on were never allocated */
    uintptr_t start, end;      /* of the objects; never change */
    size_t object_bytes;       /* from one object to the next; never changes */
    struct kiln_spinlock lock; /* protects what changes */
};
#pragma GCC diagnostic pop

#if KILN_CONFIG_HEAP_HARDENED
/* Room in front of each object, out of reach of one that is written to after it was freed. */
#define KILN_POOL_WORD uintptr_t word;
#else
#define KILN_POOL_WORD
#endif

/** Defines a pool `name` of `count` objects of a type, aligned as it asks, and their memory. */
#define KILN_POOL(name, type, count)                                                               \
    struct name##_slot {                                                                           \
        KILN_POOL_WORD                                                                             \
        union {                                                                                    \
            void *link;                                                                            \
            unsigned char object[sizeof(type)] __attribute__((aligned(__alignof__(type))));        \
        } body;                                                                                    \
    };                                                                                             \
    static struct name##_slot name##_slots[count];                                                 \
    struct kiln_pool name = {NULL,                                                                 \
                             0,                                                                    \
                             (uintptr_t)&name##_slots[0].body,                                     \
                             (uintptr_t)&name##_slots[0].body,                                     \
                             (uintptr_t)&name##_slots[0].body + sizeof(name##_slots),              \
                             sizeof(name##_slots[0]),                                              \
                             KILN_SPINLOCK_INIT}

/** An object, its contents arbitrary; NULL when all are allocated. A few instructions. Any context.
 */
void *kiln_pool_allocate(struct kiln_pool *pool);

/**
 * Gives an object back; NULL is not one. With HEAP_HARDENED one that is free already, a pointer
 * that is no object of the pool and an object that was written in front of panic with the address.
 * A few instructions. Any context.
 */
void kiln_pool_free(struct kiln_pool *pool, void *object);

/** Objects that are free: counts them, with interrupts masked. Any context. */
size_t kiln_pool_available(struct kiln_pool *pool);

KILN_END

#endif
