/*
 * The classic shapes of accesses that CPUs see in different orders, with the orders of
 * kiln/memory_order.h that forbid it: what they forbid does not come. Each goes through many
 * places, at each of which its threads meet; tests/host/test_litmus.c has the models.
 */
#include <kiln.h>
#include "tap.h"

#define THREADS  4
#define PLACES   2000
#define ROUNDS   8
#define PATIENCE 500

struct place {
    uint32_t x, y, arrived;
    uint32_t read[4];
} __attribute__((aligned(64)));

struct shape {
    const char *name;
    void (*step[THREADS])(struct place *place); /* NULL: the thread has no part in it */
    bool (*is_forbidden)(const struct place *place);
};

static struct place places[PLACES];
KILN_BARRIER(together, THREADS);

static void write_x_then_y(struct place *place)
{
    kiln_store_relaxed(&place->x, 1);
    kiln_order_smp_write();
    kiln_store_relaxed(&place->y, 1);
}

static void read_y_then_x(struct place *place)
{
    place->read[0] = kiln_load_relaxed(&place->y);
    kiln_order_smp_read();
    place->read[1] = kiln_load_relaxed(&place->x);
}

static void release_y(struct place *place)
{
    kiln_store_relaxed(&place->x, 1);
    kiln_store_release(&place->y, 1);
}

static void acquire_y(struct place *place)
{
    place->read[0] = kiln_load_acquire(&place->y);
    place->read[1] = kiln_load_relaxed(&place->x);
}

static bool has_second_only(const struct place *place)
{
    return place->read[0] == 1 && place->read[1] == 0;
}

static uint32_t *published[PLACES]; /* at first NULL, then the place's x */

static void publish(struct place *place)
{
    kiln_store_relaxed(&place->x, 1);
    kiln_store_release(&published[place - places], &place->x);
}

static void follow(struct place *place)
{
    const uint32_t *x = kiln_load_dependent(&published[place - places]);

    place->read[0] = x != NULL;
    place->read[1] = x ? kiln_load_relaxed(x) : 0;
}

static void set_x_look_at_y(struct place *place)
{
    kiln_store_relaxed(&place->x, 1);
    kiln_order_smp();
    place->read[0] = kiln_load_relaxed(&place->y);
}

static void set_y_look_at_x(struct place *place)
{
    kiln_store_relaxed(&place->y, 1);
    kiln_order_smp();
    place->read[1] = kiln_load_relaxed(&place->x);
}

static bool has_neither(const struct place *place)
{
    return place->read[0] == 0 && place->read[1] == 0;
}

static void read_x_then_set_y(struct place *place)
{
    place->read[0] = kiln_load_acquire(&place->x);
    kiln_store_relaxed(&place->y, 1);
}

static void read_y_then_set_x(struct place *place)
{
    place->read[1] = kiln_load_relaxed(&place->y);
    kiln_store_release(&place->x, 1);
}

static bool has_both(const struct place *place)
{
    return place->read[0] == 1 && place->read[1] == 1;
}

static void set_x(struct place *place)
{
    kiln_store_relaxed(&place->x, 1);
}

static void set_y(struct place *place)
{
    kiln_store_relaxed(&place->y, 1);
}

static void read_x_then_y(struct place *place)
{
    place->read[2] = kiln_load_acquire(&place->x);
    place->read[3] = kiln_load_relaxed(&place->y);
}

static bool disagree(const struct place *place)
{
    return place->read[0] == 1 && place->read[1] == 0 && place->read[2] == 1 && place->read[3] == 0;
}

static void set_x_twice(struct place *place)
{
    kiln_store_relaxed(&place->x, 1);
    kiln_store_relaxed(&place->x, 2);
}

static void read_x_twice(struct place *place)
{
    place->read[0] = kiln_load_relaxed(&place->x);
    place->read[1] = kiln_load_relaxed(&place->x);
}

static bool goes_back(const struct place *place)
{
    return place->read[0] > place->read[1];
}

static const struct shape shapes[] = {
    {"message passing, write and read", {write_x_then_y, read_y_then_x}, has_second_only},
    {"message passing, release and acquire", {release_y, acquire_y}, has_second_only},
    {"dependency", {publish, follow}, has_second_only},
    {"store buffering, full", {set_x_look_at_y, set_y_look_at_x}, has_neither},
    {"load buffering, acquire and release", {read_x_then_set_y, read_y_then_set_x}, has_both},
    {"independent readers, acquire", {set_x, set_y, acquire_y, read_x_then_y}, disagree},
    {"coherence", {set_x_twice, read_x_twice}, goes_back},
};

/* Where there is a CPU for each, all do their step at about the same time; nobody waits long. */
static void meet(const struct shape *shape, struct place *place)
{
    unsigned parts = 0;

    for (unsigned i = 0; i < THREADS; i++)
        parts += shape->step[i] != NULL;
    __atomic_add_fetch(&place->arrived, 1, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < PATIENCE && kiln_cpu_count() >= THREADS; i++)
        if (kiln_load_relaxed(&place->arrived) == parts)
            break;
}

static void take_steps(const struct shape *shape, unsigned self)
{
    for (unsigned i = 0; i < PLACES && shape->step[self]; i++) {
        meet(shape, &places[i]);
        shape->step[self](&places[i]);
    }
}

static unsigned judge(const struct shape *shape)
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < PLACES; i++)
        wrong += shape->is_forbidden(&places[i]);
    return wrong;
}

static void clear(void)
{
    for (unsigned i = 0; i < PLACES; i++) {
        places[i] = (struct place){0};
        published[i] = NULL;
    }
}

static unsigned run(const struct shape *shape, unsigned self)
{
    unsigned wrong = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        if (self == 0)
            clear();
        kiln_barrier_wait(&together, NULL);
        take_steps(shape, self);
        kiln_barrier_wait(&together, NULL);
        if (self == 0)
            wrong += judge(shape);
    }
    return wrong;
}

/* A thread's part in all shapes; the first clears and judges. */
static void *take_part(void *number)
{
    for (unsigned i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        unsigned wrong = run(&shapes[i], (unsigned)(uintptr_t)number);

        if (number == NULL && !tap_check(wrong == 0, shapes[i].name))
            printf("# came %u times\n", wrong);
    }
    return NULL;
}

int main(void)
{
    struct kiln_thread *threads[THREADS];

    for (uintptr_t i = 1; i < THREADS; i++)
        TAP_NEED(kiln_thread_create(&threads[i], NULL, take_part, (void *)i) == 0);
    take_part(NULL);
    for (unsigned i = 1; i < THREADS; i++)
        kiln_thread_join(threads[i], NULL);
    return tap_done();
}
