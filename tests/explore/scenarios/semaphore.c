/* Semaphores: nothing is lost, nothing is given twice. */
#include <explore.h>

#include <errno.h>
#include <kiln/semaphore.h>
#include <kiln/time.h>

static KILN_SEMAPHORE(semaphore, 0);
static int taken;

static void wait_once(void *argument)
{
    (void)argument;
    EXPLORE_CHECK(kiln_semaphore_wait(&semaphore) == 0);
    __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
}

static void wait_until(void *argument)
{
    int error = kiln_semaphore_wait_until(&semaphore, 1000);

    (void)argument;
    EXPLORE_CHECK(error == 0 || error == -ETIMEDOUT);
    if (error == 0)
        __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
}

static void post(void)
{
    kiln_semaphore_post(&semaphore);
}

static void post_once(void *argument)
{
    (void)argument;
    post();
}

static void begin(void)
{
    explore_name(&semaphore, sizeof(semaphore), "semaphore");
}

static void two_cpus(void)
{
    begin();
    explore_thread("waits", 64, 0, wait_once, NULL);
    explore_thread("posts", 64, 1, post_once, NULL);
}

static void time_out(void)
{
    begin();
    explore_thread("waits", 64, 0, wait_until, NULL);
    explore_thread("posts", 64, 1, post_once, NULL);
}

static void interrupted(void)
{
    begin();
    explore_thread("waits", 64, 0, wait_until, NULL);
    explore_thread("waits too", 64, 0, wait_once, NULL);
    explore_interrupt("post", 0, post);
    explore_interrupt("post", 0, post);
}

static void all_taken(void)
{
    EXPLORE_CHECK(taken == 1 && kiln_semaphore_count(&semaphore) == 0);
}

static void none_lost_of(int posted)
{
    EXPLORE_CHECK(taken + kiln_semaphore_count(&semaphore) == posted);
}

static void one_left_or_taken(void)
{
    none_lost_of(1);
}

static void two_left_or_taken(void)
{
    none_lost_of(2);
}

const struct explore_scenario explore_scenarios[] = {
#if KILN_CONFIG_SMP
    {"two_cpus", "a post reaches who waits on another CPU", 2, two_cpus, NULL, all_taken,
     EXPLORE_ALL, 0},
    {"time_out", "a post and a time-out: one of them ends the wait", 2, time_out, NULL,
     one_left_or_taken, EXPLORE_ALL, 0},
#endif
    {"interrupted", "posts from an interrupt, and a time-out", 1, interrupted, NULL,
     two_left_or_taken, EXPLORE_ALL, 0},
    {0},
};
