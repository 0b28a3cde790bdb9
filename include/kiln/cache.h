/*
 * Caches: objects of one size from the machine's memory, as many as there is room for. Each CPU
 * keeps a few free ones at hand, so that allocating and freeing rarely takes a lock.
 */
#ifndef KILN_CACHE_H
#define KILN_CACHE_H

#include <kiln/api.h>
#include <kiln/spinlock.h>

KILN_BEGIN

#define KILN_CACHE_CPUS  16 /* as many as any interrupt controller serves */
#define KILN_CACHE_SLOTS 15

/** Free objects that a CPU has at hand: a stack. Its fields are the runtime's. */
struct kiln_magazine {
    uint32_t top;  /* of the words from here on: the newest object */
    uint32_t tail; /* where an object's last word is */
    void *slots[KILN_CACHE_SLOTS];
};

struct kiln_cache_list {
    void *next, *previous;
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic" /* a lock that is not configured in has no byte */
/** A cache. Its fields are the runtime's. */
struct kiln_cache {
#if KILN_CONFIG_SMP
    struct kiln_magazine *magazines[KILN_CACHE_CPUS]; /* each its CPU's, interrupts masked */
#else
    struct kiln_magazine magazine; /* with interrupts masked */
#endif
    uintptr_t key;          /* random; never changes once stride is set, like all to `name` */
    uint32_t stride;        /* from one object to the next; 0 until the first use */
    uint32_t mark;          /* where an object's word is that tells of writes to a free one */
    uint32_t tail;          /* where the one is that tells of writes beyond its end */
    uint16_t slab_objects;  /* of a slab */
    uint8_t slab_order;     /* pages of a slab: 2^order */
    uint8_t magazine_empty; /* top of an empty magazine */
    uint32_t object_bytes;
    uint32_t alignment;
    void (*construct)(void *object);
    const char *name;
    struct kiln_cache *next; /* of all caches; written once */
    struct kiln_cache_list partial, full,
        empty; /* slabs; protected by the lock, like what follows */
    uint32_t slabs, empty_slabs;
    uint32_t out; /* objects that are not in slabs */
    struct kiln_spinlock lock;
} __attribute__((aligned(256)));
#pragma GCC diagnostic pop

/**
 * Defines a cache `name` of objects of a type, aligned as it asks. `construct` is NULL or is called
 * once for each object before it is handed out for the first time; an object that is freed is then
 * handed out again as it was left.
 */
#define KILN_CACHE(name, type, construct)                                                          \
    struct kiln_cache name = KILN_CACHE_INIT(#name, sizeof(type), __alignof__(type), construct)

#define KILN_CACHE_INIT(text, bytes, align, constructor)                                           \
    {                                                                                              \
        .object_bytes = (bytes), .alignment = (align), .construct = (constructor), .name = (text)  \
    }

/** The same at run time; `name` stays the caller's. The alignment is a power of two up to a page,
 * an object has at most half a MiB. Any context. */
void kiln_cache_init(struct kiln_cache *cache, const char *name, size_t object_bytes,
                     size_t alignment, void (*construct)(void *object));

/** An object; NULL when memory is used up. A few instructions, now and then those of a batch or of
 * a new slab. Thread context. */
void *kiln_cache_allocate(struct kiln_cache *cache);

/**
 * Gives an object back; NULL is let pass. With HEAP_HARDENED one that is free already, a pointer
 * that is no object of the cache and an object that was written beyond its end panic with the
 * address; one that is written to after it was freed does when it is handed out next. Thread
 * context.
 */
void kiln_cache_free(struct kiln_cache *cache, void *object);

/** Gives slabs without objects back to the system, after what this CPU has at hand. Thread context.
 */
void kiln_cache_trim(struct kiln_cache *cache);

struct kiln_cache_stats {
    size_t objects;      /* allocated */
    size_t at_hand;      /* free, with CPUs; while others allocate, some off */
    size_t slabs;        /* of slab_bytes each */
    size_t slab_bytes;   /* 0 before the first use, as the next two */
    size_t slab_objects; /* that a slab has room for */
    size_t stride_bytes; /* from one object to the next */
    size_t object_bytes;
};

/** A few dozen instructions. Thread context. */
void kiln_cache_get_stats(struct kiln_cache *cache, struct kiln_cache_stats *stats);

KILN_END

#endif
