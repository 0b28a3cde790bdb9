/*
 * A pool that four CPUs use at once, which are threads, under ThreadSanitizer: each object belongs
 * to one of them at a time, also when another one frees it, and at the end all are free.
 */
#include <pthread.h>
#include <kiln/pool.h>
#include <kiln/system.h>
#include "test.h"
#include "thread_cpus/cpus.h"

#define OBJECTS 12
#define ROUNDS  60000
#define HELD    6

struct object {
    uint64_t owner, value;
};
KILN_POOL(pool, struct object, OBJECTS);

static int overlaps; /* atomic */
static unsigned failed;

/* One that any CPU may free; atomic. */
static struct object *passed;

uint64_t kiln_random(void)
{
    static uint64_t last; /* atomic */

    return __atomic_add_fetch(&last, UINT64_C(0x9E3779B97F4A7C15), __ATOMIC_RELAXED);
}

static struct object *take(uint64_t self, uint64_t value)
{
    struct object *object = kiln_pool_allocate(&pool);

    if (object)
        *object = (struct object){self, value ^ self};
    return object;
}

static void give(struct object *object)
{
    if (!object)
        return;
    if (object->owner == 0 || object->owner > CPUS)
        __atomic_add_fetch(&overlaps, 1, __ATOMIC_RELAXED);
    object->owner = 0;
    kiln_pool_free(&pool, object);
}

static void check(const struct object *object, uint64_t self, uint64_t value)
{
    if (object && (object->owner != self || object->value != (value ^ self)))
        __atomic_add_fetch(&overlaps, 1, __ATOMIC_RELAXED);
}

static void *run(void *number)
{
    struct object *held[HELD] = {NULL};
    uint64_t self = (uintptr_t)number + 1, values[HELD] = {0};

    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned place = i * (unsigned)self % HELD;

        check(held[place], self, values[place]);
        if (held[place])
            give(held[place]);
        held[place] = take(self, values[place] = i);
        if (!held[place])
            __atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
        if (i % 8 == 0) {
            give(__atomic_exchange_n(&passed, take(self, i), __ATOMIC_ACQ_REL));
            if (kiln_pool_available(&pool) > OBJECTS)
                __atomic_add_fetch(&overlaps, 1, __ATOMIC_RELAXED);
        }
    }
    for (unsigned i = 0; i < HELD; i++)
        give(held[i]);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[CPUS];

    test_begin(argc, argv, 1);
    for (uintptr_t i = 0; i < CPUS; i++)
        if (pthread_create(&threads[i], NULL, run, (void *)i))
            abort();
    for (unsigned i = 0; i < CPUS; i++)
        pthread_join(threads[i], NULL);
    give(passed);
    printf("# %u times there was none\n", failed);
    TAP_EQUAL(overlaps, 0);
    TAP_EQUAL(kiln_pool_available(&pool), OBJECTS);
    return tap_done();
}
