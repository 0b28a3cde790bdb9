/*
 * Philosophers around a table, each of whom eats when neither neighbour does: a mutex, and a
 * semaphore for each of them. Whoever puts its forks down looks whether its neighbours may eat.
 */
#include <explore.h>

#include <core/mutex.h>
#include <kiln/mutex.h>
#include <kiln/semaphore.h>

#define SEATS 4

enum mind { THINKING, HUNGRY, EATING };

static KILN_MUTEX(table);
static struct kiln_semaphore may_eat[SEATS];
static enum mind minds[SEATS];
static uint8_t meals[SEATS];

static unsigned left_of(unsigned seat)
{
    return (seat + SEATS - 1) % SEATS;
}

static unsigned right_of(unsigned seat)
{
    return (seat + 1) % SEATS;
}

/* The table is locked. */
static void look(unsigned seat)
{
    if (minds[seat] != HUNGRY || minds[left_of(seat)] == EATING || minds[right_of(seat)] == EATING)
        return;
    minds[seat] = EATING;
    kiln_semaphore_post(&may_eat[seat]);
}

static void take_forks(unsigned seat)
{
    EXPLORE_CHECK(kiln_mutex_lock(&table) == 0);
    minds[seat] = HUNGRY;
    look(seat);
    EXPLORE_CHECK(kiln_mutex_unlock(&table) == 0);
    EXPLORE_CHECK(kiln_semaphore_wait(&may_eat[seat]) == 0);
}

static void put_forks(unsigned seat)
{
    EXPLORE_CHECK(kiln_mutex_lock(&table) == 0);
    minds[seat] = THINKING;
    look(left_of(seat));
    look(right_of(seat));
    EXPLORE_CHECK(kiln_mutex_unlock(&table) == 0);
}

static void eat(void *argument)
{
    unsigned seat = (unsigned)(uintptr_t)argument;

    take_forks(seat);
    __atomic_store_n(&meals[seat], 1, __ATOMIC_RELAXED);
    put_forks(seat);
}

/* Two who sit beside each other, and one opposite the first. */
static void begin(unsigned cpus)
{
    core_mutex_begin();
    explore_name(&table, sizeof(table), "table");
    explore_name(minds, sizeof(minds), "minds");
    explore_name(may_eat, sizeof(may_eat), "may_eat");
    for (unsigned seat = 0; seat < SEATS; seat++)
        kiln_semaphore_init(&may_eat[seat], 0);
    explore_thread("first", 64, 0, eat, (void *)0);
    explore_thread("second", 64, 1 % cpus, eat, (void *)1);
}

static void two_cpus(void)
{
    begin(2);
}

static void one_cpu(void)
{
    begin(1);
    explore_thread("third", 64, 0, eat, (void *)2);
    explore_interrupt("turn", 0, explore_end_turn);
    explore_interrupt("turn", 0, explore_end_turn);
}

static void always(void)
{
    for (unsigned seat = 0; seat < SEATS; seat++)
        EXPLORE_CHECK(minds[seat] != EATING || minds[right_of(seat)] != EATING);
}

const struct explore_scenario explore_scenarios[] = {
#if KILN_CONFIG_SMP
    {"two_cpus", "neighbours never eat at once, and both eat", 2, two_cpus, always, NULL, 4,
     EXPLORE_ALL},
#endif
    {"one_cpu", "three eat in turns, and nobody stays hungry", 1, one_cpu, always, NULL,
     EXPLORE_ALL, 0},
    {0},
};
