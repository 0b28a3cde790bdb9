/*
 * Pools that several CPUs use, without a lock, so that nobody waits for a CPU that was interrupted:
 * a stack of freed objects whose head changes as a whole (Treiber, "Systems Programming: Coping
 * with Parallelism", IBM RJ 5118, 1986). The count in the head tells when an object was taken and
 * given back between a look at its link and the change.
 *
 * An object's word, in front of it, is no program's, so that a CPU may look at the link of an
 * object that another one has just taken; what it finds is then not used. Links are distances of
 * words from the pool's base, and hardened words are mixed with their own addresses.
 */
#include <kiln/pool.h>

#if KILN_CONFIG_SMP
#include <arch/step.h>
#include <kiln/panic.h>
#include <kiln/system.h>
#include "pool_word.h"

#define LINK_BITS 32
#define ONE_TAKEN (UINT64_C(1) << LINK_BITS)
#define LOOKS     8u /* at a list that others change, before it is counted as it is */

static uintptr_t *word_at(const struct kiln_pool *pool, uint64_t head)
{
    return (uintptr_t *)(pool->base + (uint32_t)head);
}

static uintptr_t with_key(uintptr_t key, const uintptr_t *word, uintptr_t link)
{
    return POOL_HARDENED ? ~pool_used_word(key, word) ^ link : link;
}

static uintptr_t link_in(uintptr_t key, const uintptr_t *word)
{
    return with_key(key, word, __atomic_load_n(word, __ATOMIC_RELAXED));
}

static void set(uintptr_t *word, uintptr_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static uint64_t with_link(uint64_t head, uintptr_t link)
{
    return (head & ~(ONE_TAKEN - 1)) | (uint32_t)link;
}

static bool has_changed(struct kiln_pool *pool, uint64_t head)
{
    return __atomic_load_n(&pool->head, __ATOMIC_ACQUIRE) != head;
}

/* Whoever comes first makes the key. */
static uintptr_t key_of(struct kiln_pool *pool)
{
    uintptr_t key = __atomic_load_n(&pool->key, __ATOMIC_RELAXED), fresh;

    if (!POOL_HARDENED || key)
        return key;
    fresh = (uintptr_t)kiln_random() | 1;
    __atomic_compare_exchange_n(&pool->key, &key, fresh, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return key ? key : fresh;
}

/* The first use of an object. */
static void *take_fresh(struct kiln_pool *pool)
{
    uintptr_t key = key_of(pool), object = __atomic_load_n(&pool->fresh, __ATOMIC_RELAXED);
    uintptr_t *word;

    do {
        if (object >= pool->end)
            return NULL;
    } while (!__atomic_compare_exchange_n(&pool->fresh, &object, object + pool->object_bytes, true,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    word = pool_word((void *)object);
    if (POOL_HARDENED)
        set(word, pool_used_word(key, word));
    return (void *)object;
}

/* None is left only if none came back while the last fresh one went. */
static __attribute__((noinline)) void *allocate_fresh(struct kiln_pool *pool, uint64_t head)
{
    void *object = take_fresh(pool);

    return object || !has_changed(pool, head) ? object : kiln_pool_allocate(pool);
}

/* A word that is no link is that of an object which is free no more, or was written over. */
static __attribute__((noinline)) void *allocate_again(struct kiln_pool *pool, uint64_t head)
{
    if (!has_changed(pool, head))
        pool_refuse_free(word_at(pool, head) + 1);
    return kiln_pool_allocate(pool);
}

void *kiln_pool_allocate(struct kiln_pool *pool)
{
    uintptr_t link, key, *word;
    uint64_t head;
    bool is_done;

    do {
        head = arch_step_begin(&pool->head);
        if (__builtin_expect((uint32_t)head == 0, 0))
            return allocate_fresh(pool, head);
        key = pool->key;
        word = word_at(pool, head);
        link = link_in(key, word);
        if (POOL_HARDENED && __builtin_expect(link >> LINK_BITS != 0, 0))
            return allocate_again(pool, head);
        is_done = arch_step_end(&pool->head, head, with_link(head + ONE_TAKEN, link));
    } while (__builtin_expect(!is_done, 0));
    if (POOL_HARDENED)
        set(word, pool_used_word(key, word));
    return word + 1;
}

static _Noreturn __attribute__((noinline)) void refuse(struct kiln_pool *pool, void *object)
{
    pool_refuse(pool, object, link_in(pool->key, pool_word(object)) >> LINK_BITS == 0);
}

void kiln_pool_free(struct kiln_pool *pool, void *object)
{
    uintptr_t key = pool->key, base = pool->base, *word = pool_word(object);
    uint64_t head;
    bool is_done;

    if (POOL_HARDENED &&
        __builtin_expect(__atomic_load_n(word, __ATOMIC_RELAXED) != pool_used_word(key, word), 0))
        refuse(pool, object);
    do {
        head = arch_step_begin(&pool->head);
        set(word, with_key(key, word, (uint32_t)head));
        is_done = arch_step_end(&pool->head, head, with_link(head, (uintptr_t)word - base));
    } while (__builtin_expect(!is_done, 0));
}

/* Objects in the list that the head leads to, as far as they are some. */
static size_t count(struct kiln_pool *pool, uint64_t head)
{
    size_t most = (pool->end - pool->base) / pool->object_bytes, found = 0;

    while (found < most && pool_has(pool, word_at(pool, head) + 1)) {
        head = link_in(pool->key, word_at(pool, head));
        found++;
    }
    return found;
}

size_t kiln_pool_available(struct kiln_pool *pool)
{
    size_t found = 0, fresh = pool->end;
    uint64_t head;

    for (unsigned i = 0; i < LOOKS; i++) {
        head = __atomic_load_n(&pool->head, __ATOMIC_ACQUIRE);
        found = count(pool, head);
        fresh = __atomic_load_n(&pool->fresh, __ATOMIC_RELAXED);
        if (!has_changed(pool, head))
            break;
    }
    return found + (pool->end - fresh) / pool->object_bytes;
}
#endif
