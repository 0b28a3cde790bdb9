/*
 * A pool in the worst moment: another CPU allocates and frees between a look at the head and its
 * change. Whatever it does, no object has two owners and none is lost.
 */
#include <kiln/pool.h>
#include "panic_support.h"
#include "test.h"

#define OBJECTS 4
#define ROUNDS  20000

struct object {
    uint64_t words[2];
};
KILN_POOL(pool, struct object, OBJECTS);

void (*other_cpu_early)(void), (*other_cpu_late)(void);

static struct object *mine[OBJECTS], *theirs[OBJECTS];
static unsigned my_count, their_count;

static void take(struct object **held, unsigned *count)
{
    struct object *object = kiln_pool_allocate(&pool);

    if (!object)
        return;
    for (unsigned i = 0; i < OBJECTS; i++)
        TEST_HOLDS((i >= my_count || mine[i] != object) &&
                       (i >= their_count || theirs[i] != object),
                   "%p has two owners", (void *)object);
    object->words[0] = object->words[1] = test_random();
    if (*count < OBJECTS)
        held[(*count)++] = object;
}

static void give(struct object **held, unsigned *count, unsigned place)
{
    struct object *object = held[place];

    TEST_HOLDS(object->words[0] == object->words[1], "contents of %p", (void *)object);
    held[place] = held[--*count];
    kiln_pool_free(&pool, object);
}

static void move_at_random(struct object **held, unsigned *count)
{
    if (*count && test_below(2))
        give(held, count, (unsigned)test_below(*count));
    else
        take(held, count);
}

static void they_move(void)
{
    for (uint64_t moves = test_below(6); moves > 0; moves--)
        move_at_random(theirs, &their_count);
}

static void test_random_moves(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (test_below(2))
            other_cpu_early = they_move;
        if (test_below(2))
            other_cpu_late = they_move;
        move_at_random(mine, &my_count);
        TEST_HOLDS(kiln_pool_available(&pool) == OBJECTS - my_count - their_count,
                   "%zu are free, %u and %u held", kiln_pool_available(&pool), my_count,
                   their_count);
    }
    other_cpu_early = other_cpu_late = NULL;
    while (my_count)
        give(mine, &my_count, 0);
    while (their_count)
        give(theirs, &their_count, 0);
    TEST_HOLDS(kiln_pool_available(&pool) == OBJECTS, "all are free");
    test_property("random moves in between");
}

/* The head is as it was, and what it leads to is not: the first object came back, its successor is
 * somebody's. */
static struct object *kept;

static void take_two_and_give_the_first(void)
{
    struct object *first = kiln_pool_allocate(&pool);

    kept = kiln_pool_allocate(&pool);
    kiln_pool_free(&pool, first);
}

static void test_same_head(void)
{
    struct object *objects[3];

    other_cpu_late = take_two_and_give_the_first;
    for (unsigned i = 0; i < 3; i++)
        objects[i] = kiln_pool_allocate(&pool);
    for (unsigned i = 0; i < 3; i++)
        TAP_CHECK(objects[i] && objects[i] != kept);
    TAP_CHECK(kiln_pool_allocate(&pool) == NULL);
    kiln_pool_free(&pool, kept);
    for (unsigned i = 0; i < 3; i++)
        kiln_pool_free(&pool, objects[i]);
}

/* None came back when the list is looked at, and the one that nobody ever had is gone after that.
 */
KILN_POOL(single, struct object, 1);

static void take_and_give_the_only_one(void)
{
    kiln_pool_free(&single, kiln_pool_allocate(&single));
}

static void test_only_one(void)
{
    other_cpu_early = take_and_give_the_only_one;
    TAP_CHECK(kiln_pool_allocate(&single) != NULL);
    TAP_CHECK(kiln_pool_allocate(&single) == NULL);
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    test_random_moves();
    test_same_head();
    test_only_one();
    return tap_done();
}
