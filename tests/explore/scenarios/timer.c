/* Timers: once one is stopped its function runs no more, on no CPU. */
#include <explore.h>

#include <errno.h>
#include <kiln/timer.h>

static void expire(void *argument);

static KILN_TIMER(timer, expire, NULL);
static unsigned calls;
static bool is_started, is_gone;

/* What it uses is given back once it is stopped. */
static void expire(void *argument)
{
    (void)argument;
    EXPLORE_CHECK(!is_gone);
    calls++;
    EXPLORE_CHECK(!is_gone);
}

static void start(void *unused)
{
    (void)unused;
    kiln_timer_start_until(&timer, 1000);
    __atomic_store_n(&is_started, true, __ATOMIC_RELEASE);
}

static void stop(void)
{
    int result = kiln_timer_stop(&timer);

    EXPLORE_CHECK(result == 0 || result == -EALREADY);
    is_gone = true;
    EXPLORE_CHECK(calls == (result != 0));
}

static void start_and_stop(void *unused)
{
    start(unused);
    stop();
}

static void stop_started(void *unused)
{
    (void)unused;
    if (__atomic_load_n(&is_started, __ATOMIC_ACQUIRE))
        stop();
}

/* It may be called, and stopped elsewhere, while it is started again. */
static void start_periodic(void *unused)
{
    (void)unused;
    EXPLORE_CHECK(kiln_timer_start_periodic(&timer, 1000, INT64_MAX / 3) == 0);
    __atomic_store_n(&is_started, true, __ATOMIC_RELEASE);
}

static void stop_periodic(void *unused)
{
    (void)unused;
    if (!__atomic_load_n(&is_started, __ATOMIC_ACQUIRE))
        return;
    EXPLORE_CHECK(kiln_timer_stop(&timer) == 0);
    is_gone = true;
    EXPLORE_CHECK(!kiln_timer_is_active(&timer));
}

static void begin(void)
{
    explore_name(&timer, sizeof(timer), "timer");
}

static void one_cpu(void)
{
    begin();
    explore_thread("starts", 64, 0, start_and_stop, NULL);
}

static void two_cpus(void)
{
    begin();
    explore_thread("starts", 64, 0, start, NULL);
    explore_thread("stops", 64, 1, stop_started, NULL);
}

static void periodic(void)
{
    begin();
    explore_thread("starts", 64, 0, start_periodic, NULL);
    explore_thread("stops", 64, 1, stop_periodic, NULL);
}

const struct explore_scenario explore_scenarios[] = {
#if KILN_CONFIG_SMP
    {"two_cpus", "stopped from another CPU", 2, two_cpus, NULL, NULL, EXPLORE_ALL, 0},
    {"periodic", "stopped from another CPU while it starts itself again", 2, periodic, NULL, NULL,
     4, 8},
#endif
    {"one_cpu", "stopped, or called, not both", 1, one_cpu, NULL, NULL, EXPLORE_ALL, 0},
    {0},
};
