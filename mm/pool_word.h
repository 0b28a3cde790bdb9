/*
 * The word in front of a pool's object. Hardened, it says what the object is: an address of its own
 * mixed with a key that is random per boot when it is allocated, all bits of that and the link to
 * the next when it is free. A pointer that is no allocated object has another word in front of it.
 */
#ifndef MM_POOL_WORD_H
#define MM_POOL_WORD_H

#include <stdbool.h>
#include <kiln/panic.h>
#include <kiln/pool.h>

#define POOL_HARDENED KILN_CONFIG_HEAP_HARDENED

/* With neither hardening nor other CPUs it is the object's first word. */
static inline uintptr_t *pool_word(void *object)
{
    return (uintptr_t *)object - (POOL_HARDENED || KILN_CONFIG_SMP ? 1 : 0);
}

static inline uintptr_t pool_used_word(uintptr_t key, const void *address)
{
    return key ^ (uintptr_t)address;
}

static inline bool pool_has(const struct kiln_pool *pool, const void *object)
{
    uintptr_t place = (uintptr_t)object - (KILN_CONFIG_SMP ? sizeof(uintptr_t) : 0);
    uintptr_t offset = place - pool->base;

    return offset != 0 && offset < pool->end - pool->base && offset % pool->object_bytes == 0;
}

/* What is freed is no object that was allocated. */
static _Noreturn inline void pool_refuse(const struct kiln_pool *pool, void *object, bool is_free)
{
    if (!pool_has(pool, object) ||
        (uintptr_t)object >= __atomic_load_n(&pool->fresh, __ATOMIC_RELAXED))
        kiln_panic("pool: %p is not an allocated object", object);
    if (is_free)
        kiln_panic("pool: object %p is free already (freed twice?)", object);
    kiln_panic("pool: object %p was overwritten from below", object);
}

static _Noreturn inline void pool_refuse_free(const void *object)
{
    kiln_panic("pool: free object %p was overwritten from below", object);
}

#endif
