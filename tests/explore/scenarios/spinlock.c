/* Spinlocks: one at a time, in the order in which tickets are drawn, interrupts kept out. */
#include <explore.h>

#include <kiln/spinlock.h>
#include <kiln/semaphore.h>

static struct kiln_spinlock lock = KILN_SPINLOCK_INIT;
static KILN_SEMAPHORE(semaphore, 0);
static unsigned inside, count;

static void hold(void)
{
    uintptr_t state = kiln_spin_lock(&lock);

    EXPLORE_CHECK(inside++ == 0);
    count++;
    EXPLORE_CHECK(--inside == 0);
    kiln_spin_unlock(&lock, state);
}

static void hold_twice(void *argument)
{
    (void)argument;
    hold();
    explore_forget(1);
    hold();
}

/* Whoever is woken with it held runs when it is released. */
static void post_inside(void *argument)
{
    uintptr_t state = kiln_spin_lock(&lock);

    (void)argument;
    EXPLORE_CHECK(inside++ == 0);
    kiln_semaphore_post(&semaphore);
    EXPLORE_CHECK(--inside == 0);
    kiln_spin_unlock(&lock, state);
}

static void wait_then_hold(void *argument)
{
    (void)argument;
    EXPLORE_CHECK(kiln_semaphore_wait(&semaphore) == 0);
    hold();
}

static void begin(void)
{
    explore_name(&lock, sizeof(lock), "lock");
    explore_name(&semaphore, sizeof(semaphore), "semaphore");
}

static void two_cpus(void)
{
    begin();
    explore_thread("first", 64, 0, hold_twice, NULL);
    explore_thread("second", 64, 1, hold_twice, NULL);
    explore_interrupt("hold", 0, hold);
}

static void wake(void)
{
    begin();
    explore_thread("woken", 70, 0, wait_then_hold, NULL);
    explore_thread("posts", 64, 0, post_inside, NULL);
    explore_interrupt("hold", 0, hold);
    explore_interrupt("turn", 0, explore_end_turn);
}

static void all_counted(void)
{
    EXPLORE_CHECK(count == 5);
}

static void both_counted(void)
{
    EXPLORE_CHECK(count == 2);
}

const struct explore_scenario explore_scenarios[] = {
#if KILN_CONFIG_SMP
    {"two_cpus", "two CPUs and an interrupt hold it one at a time", 2, two_cpus, NULL, all_counted,
     EXPLORE_ALL, 0},
#endif
    {"wake", "who is woken with it held runs afterwards", 1, wake, NULL, both_counted, EXPLORE_ALL,
     0},
    {0},
};
