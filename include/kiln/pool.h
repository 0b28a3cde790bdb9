/*
 * Pools: a fixed number of objects of one size in static memory, for programs that want no heap
 * and for interrupt handlers.
 */
#ifndef KILN_POOL_H
#define KILN_POOL_H

#include <kiln/api.h>
#include <kiln/spinlock.h>

KILN_BEGIN

#if KILN_CONFIG_SMP
/** A pool, of less than 4 GiB. Its fields are the runtime's. */
struct kiln_pool {
    uint64_t head;       /* low half: distance of the last freed object's word from `base`, 0: none;
                            high half: how often one was taken there. Atomic, changed as a whole. */
    uintptr_t key;       /* random; 0 until the first use; atomic */
    uintptr_t base;      /* object_bytes below the first word; never changes, like these: */
    uintptr_t end;       /* of the last one */
    size_t object_bytes; /* from one object to the next */
    uintptr_t fresh;     /* objects from here on were never allocated; atomic */
};
#else
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic" /* a lock that is not configured in has no byte */
/** A pool. Its fields are the runtime's. */
struct kiln_pool {
    void *head;                /* last freed object */
    uintptr_t key;             /* random; 0 until the first use */
    uintptr_t base;            /* object_bytes below the first object; never changes, like these: */
    uintptr_t end;             /* of the last one */
    size_t object_bytes;       /* from one object to the next */
    uintptr_t fresh;           /* objects from here on were never allocated */
    struct kiln_spinlock lock; /* protects what changes */
};
#pragma GCC diagnostic pop
#endif

#if KILN_CONFIG_HEAP_HARDENED || KILN_CONFIG_SMP
/* Room in front of each object: out of reach of one that is written to after it was freed, and for
 * other CPUs to look at when the object is the program's again. */
#define KILN_POOL_WORD uintptr_t word;
#else
#define KILN_POOL_WORD
#endif

#if KILN_CONFIG_SMP
#define KILN_POOL_LOCK
#define KILN_POOL_FIRST(slots) ((uintptr_t) & (slots)[0].body - sizeof(uintptr_t))
#else
#define KILN_POOL_LOCK         KILN_SPINLOCK_INIT
#define KILN_POOL_FIRST(slots) ((uintptr_t) & (slots)[0].body)
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
    struct kiln_pool name = {0,                                                                    \
                             0,                                                                    \
                             KILN_POOL_FIRST(name##_slots) - sizeof(name##_slots[0]),              \
                             (uintptr_t)&name##_slots[0].body + sizeof(name##_slots),              \
                             sizeof(name##_slots[0]),                                              \
                             (uintptr_t)&name##_slots[0].body,                                     \
                             KILN_POOL_LOCK}

/** An object, its contents arbitrary; NULL when all are allocated. A few instructions. Any context.
 */
void *kiln_pool_allocate(struct kiln_pool *pool);

/**
 * Gives an object back; NULL is not one. With HEAP_HARDENED one that is free already, a pointer
 * that is no object of the pool and an object that was written in front of panic with the address.
 * A few instructions. Any context.
 */
void kiln_pool_free(struct kiln_pool *pool, void *object);

/** Objects that are free, which it counts; some off when other CPUs allocate meanwhile. With SMP=0,
 * interrupts are masked. Any context. */
size_t kiln_pool_available(struct kiln_pool *pool);

KILN_END

#endif
