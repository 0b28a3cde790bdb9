/*
 * Pools: freed objects in a list, then those that were never allocated. With one CPU, interrupts
 * are masked; pool_cpus.c is for several.
 */
#include <kiln/pool.h>

#if !KILN_CONFIG_SMP
#include <kiln/panic.h>
#include <kiln/system.h>
#include <mm/lock.h>
#include "pool_word.h"

static uintptr_t link_word(uintptr_t key, const void *object, uintptr_t next)
{
    return POOL_HARDENED ? ~pool_used_word(key, object) ^ next : next;
}

static void *next_of(uintptr_t key, void *object)
{
    return (void *)link_word(key, object, *pool_word(object));
}

/* Aligned to a word and without the upper 16 bits that no address of memory has: a link that was
 * written over is that once in 2^19. */
static bool is_address(uintptr_t link)
{
    uintptr_t never = (sizeof(void *) == 8 ? ~(UINTPTR_MAX >> 16) : 0) | (sizeof(void *) - 1);

    return (link & never) == 0;
}

/* The first use of an object; the first of all makes the key. */
static __attribute__((noinline)) void *take_fresh(struct kiln_pool *pool, uintptr_t state)
{
    void *object = NULL;

    if (POOL_HARDENED && !pool->key)
        pool->key = (uintptr_t)kiln_random() | 1;
    if (pool->fresh < pool->end) {
        object = (void *)pool->fresh;
        pool->fresh += pool->object_bytes;
        if (POOL_HARDENED)
            *pool_word(object) = pool_used_word(pool->key, object);
    }
    mm_unlock(&pool->lock, state);
    return object;
}

/* The word in front of an object that is freed is wrong. */
static _Noreturn __attribute__((noinline)) void refuse(const struct kiln_pool *pool, void *object)
{
    bool is_free = false;

    for (void *free = pool->head; pool_has(pool, free); free = next_of(pool->key, free))
        is_free |= free == object;
    pool_refuse(pool, object, is_free);
}

/* That in front of the first free one. */
static _Noreturn __attribute__((noinline)) void refuse_free(const struct kiln_pool *pool)
{
    pool_refuse_free(pool->head);
}

void *kiln_pool_allocate(struct kiln_pool *pool)
{
    uintptr_t state = mm_lock(&pool->lock);
    uintptr_t key = pool->key;
    void *object = pool->head;
    void *next;

    __asm__("" : "+r"(key)); /* both by one instruction: the compiler would load the key later */
    if (__builtin_expect(!object, 0))
        return take_fresh(pool, state);
    next = next_of(key, object);
    if (POOL_HARDENED && __builtin_expect(!is_address((uintptr_t)next), 0))
        refuse_free(pool);
    pool->head = next;
    if (POOL_HARDENED)
        *pool_word(object) = pool_used_word(key, object);
    mm_unlock(&pool->lock, state);
    return object;
}

void kiln_pool_free(struct kiln_pool *pool, void *object)
{
    uintptr_t state = mm_lock(&pool->lock);
    uintptr_t key = pool->key;
    uintptr_t head = (uintptr_t)pool->head;

    if (POOL_HARDENED && __builtin_expect(*pool_word(object) != pool_used_word(key, object), 0))
        refuse(pool, object);
    *pool_word(object) = link_word(key, object, head);
    pool->head = object;
    mm_unlock(&pool->lock, state);
}

size_t kiln_pool_available(struct kiln_pool *pool)
{
    uintptr_t state = mm_lock(&pool->lock);
    size_t count = (pool->end - pool->fresh) / pool->object_bytes;

    for (void *object = pool->head; object; object = next_of(pool->key, object))
        count++;
    mm_unlock(&pool->lock, state);
    return count;
}
#endif
