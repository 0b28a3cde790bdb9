/*
 * The heap on four CPUs at once, which are threads, under ThreadSanitizer: each block belongs to
 * one of them at a time, also when another one frees it, and at the end all is free.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <kiln/heap.h>
#include <kiln/system.h>
#include <mm/early.h>
#include <mm/page.h>
#include "test.h"
#include "thread_cpus/cpus.h"

#define PAGES  ((size_t)4000)
#define ROUNDS 30000
#define HELD   200
#define PASSED 16

static uint32_t working = CPUS;
static _Thread_local uint64_t random_state;
static int overlaps; /* atomic */

/* Blocks that one CPU allocated and any other may free; atomic. */
static unsigned char *passed[PASSED];

uint64_t kiln_random(void)
{
    static uint64_t last; /* atomic */

    return __atomic_add_fetch(&last, UINT64_C(0x9E3779B97F4A7C15), __ATOMIC_RELAXED);
}

static size_t below(size_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % limit;
}

/* A mark at both ends, which another owner's would replace; a passed block's first bytes change. */
static unsigned char *allocate(unsigned char value)
{
    unsigned char *block = kiln_heap_allocate(1 + below(below(16) ? 600 : 20000));

    if (block)
        block[0] = block[kiln_heap_usable_bytes(block) - 1] = value;
    return block;
}

static void release(unsigned char *block)
{
    if (block && block[0] != block[kiln_heap_usable_bytes(block) - 1])
        __atomic_add_fetch(&overlaps, 1, __ATOMIC_RELAXED);
    kiln_heap_free(block);
}

/* The last byte moves to the new end. */
static unsigned char *resize(unsigned char *block)
{
    unsigned char value = block[0], *resized = kiln_heap_resize(block, 1 + below(20000));

    if (!resized)
        return block;
    if (resized[0] != value)
        __atomic_add_fetch(&overlaps, 1, __ATOMIC_RELAXED);
    resized[kiln_heap_usable_bytes(resized) - 1] = value;
    return resized;
}

static void *run(void *number)
{
    unsigned char *held[HELD] = {NULL};
    unsigned char self = (unsigned char)((uintptr_t)number + 1);

    host_cpu.id = (unsigned)(uintptr_t)number;
    random_state = test_state + self;
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned char **one = &held[below(HELD)];

        take_interrupts();
        if (*one && below(4) == 0) {
            *one = resize(*one);
        } else if (*one) {
            release(*one);
            *one = NULL;
        } else {
            *one = allocate(self);
        }
        if (below(4) == 0)
            release(__atomic_exchange_n(&passed[below(PASSED)], allocate(self), __ATOMIC_ACQ_REL));
    }
    for (unsigned i = 0; i < HELD; i++)
        release(held[i]);
    __atomic_sub_fetch(&working, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&working, __ATOMIC_RELAXED)) {
        take_interrupts();
        sched_yield();
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[CPUS];
    struct kiln_heap_stats stats;
    void *memory = mmap(NULL, PAGES * ARCH_PAGE_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    test_begin(argc, argv, 1);
    if (!TAP_CHECK(memory != MAP_FAILED))
        return tap_done();
    mm_early_begin(0);
    mm_early_add_range((uintptr_t)memory, PAGES * ARCH_PAGE_BYTES);
    for (uintptr_t i = 0; i < CPUS; i++)
        if (pthread_create(&threads[i], NULL, run, (void *)i))
            abort();
    for (unsigned i = 0; i < CPUS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < PASSED; i++)
        release(passed[i]);
    TAP_EQUAL(overlaps, 0);
    kiln_heap_get_stats(&stats);
    TAP_EQUAL(stats.blocks, 0);
    TAP_EQUAL(stats.used_bytes, 0);
    return tap_done();
}
