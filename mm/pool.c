/*
 * Pools: freed objects in a list that ends where the objects that were never allocated begin.
 *
 * Hardened, a word in front of each object says what it is: its address mixed with a key that is
 * random per boot when it is allocated, all bits of that and the link to the next when it is free.
 * A pointer that is no allocated object has another word in front of it.
 */
#include <kiln/pool.h>

#include <kiln/panic.h>
#include <kiln/system.h>
#include <mm/lock.h>

#define HARDENED KILN_CONFIG_HEAP_HARDENED

static uintptr_t *word_of(void *object)
{
    return (uintptr_t *)object - (HARDENED ? 1 : 0);
}

static uintptr_t used_word(uintptr_t key, const void *object)
{
    return key ^ (uintptr_t)object;
}

static uintptr_t link_word(uintptr_t key, const void *object, uintptr_t next)
{
    return HARDENED ? ~used_word(key, object) ^ next : next;
}

static bool is_object(const struct kiln_pool *pool, uintptr_t object)
{
    return object >= pool->start && object < pool->end &&
           (object - pool->start) % pool->object_bytes == 0;
}

static void *next_of(uintptr_t key, void *object)
{
    return (void *)link_word(key, object, *word_of(object));
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

    if (HARDENED && !pool->key)
        pool->key = (uintptr_t)kiln_random() | 1;
    if (pool->fresh < pool->end) {
        object = (void *)pool->fresh;
        pool->fresh += pool->object_bytes;
        if (HARDENED)
            *word_of(object) = used_word(pool->key, object);
    }
    mm_unlock(&pool->lock, state);
    return object;
}

/* The word in front of an object that is freed is wrong. */
static _Noreturn __attribute__((noinline)) void refuse(const struct kiln_pool *pool, void *object)
{
    if (!is_object(pool, (uintptr_t)object) || (uintptr_t)object >= pool->fresh)
        kiln_panic("pool: %p is not an allocated object", object);
    for (void *free = pool->head; is_object(pool, (uintptr_t)free); free = next_of(pool->key, free))
        if (free == object)
            kiln_panic("pool: object %p is free already (freed twice?)", object);
    kiln_panic("pool: object %p was overwritten from below", object);
}

/* That in front of the first free one. */
static _Noreturn __attribute__((noinline)) void refuse_free(const struct kiln_pool *pool)
{
    kiln_panic("pool: free object %p was overwritten from below", pool->head);
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
    if (HARDENED && __builtin_expect(!is_address((uintptr_t)next), 0))
        refuse_free(pool);
    pool->head = next;
    if (HARDENED)
        *word_of(object) = used_word(key, object);
    mm_unlock(&pool->lock, state);
    return object;
}

void kiln_pool_free(struct kiln_pool *pool, void *object)
{
    uintptr_t state = mm_lock(&pool->lock);
    uintptr_t key = pool->key;
    uintptr_t head = (uintptr_t)pool->head;

    if (HARDENED && __builtin_expect(*word_of(object) != used_word(key, object), 0))
        refuse(pool, object);
    *word_of(object) = link_word(key, object, head);
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
