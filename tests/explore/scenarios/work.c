/* Work queues: what is submitted runs once, what is cancelled does not, and nobody waits for ever.
 */
#include <explore.h>

#include <errno.h>
#include <kiln/work.h>

static void run(void *argument);

KILN_WORK_QUEUE(queue, 70);
static struct kiln_work work;
static unsigned runs, submitted, cancelled;
static bool is_gone;

static void run(void *argument)
{
    (void)argument;
    EXPLORE_CHECK(!is_gone);
    runs++;
}

static void submit(void *unused)
{
    int error = kiln_work_submit(&work);

    (void)unused;
    EXPLORE_CHECK(error == 0 || error == -EALREADY || error == -ECANCELED);
    if (error == 0)
        __atomic_fetch_add(&submitted, 1, __ATOMIC_RELAXED);
}

static void submit_delayed(void *unused)
{
    int error = kiln_work_submit_until(&work, 1000);

    (void)unused;
    EXPLORE_CHECK(error == 0 || error == -ECANCELED);
    if (error == 0)
        __atomic_fetch_add(&submitted, 1, __ATOMIC_RELAXED);
}

static void submit_from_handler(void)
{
    submit(NULL);
}

static void submit_and_flush(void *unused)
{
    submit(unused);
    EXPLORE_CHECK(kiln_work_flush(&work) == 0);
    EXPLORE_CHECK(runs >= 1);
}

static void cancel_and_wait(void *unused)
{
    (void)unused;
    if (kiln_work_cancel_and_wait(&work) == 0)
        __atomic_fetch_add(&cancelled, 1, __ATOMIC_RELAXED);
}

/* The one who submits does so once: then it is nobody's. */
static void submit_delayed_then_cancel(void *unused)
{
    submit_delayed(unused);
    cancel_and_wait(unused);
    is_gone = true;
}

static void begin(void)
{
    kiln_work_init(&work, &queue, run, NULL);
    explore_name(&work, sizeof(work), "work");
    explore_name(&queue, sizeof(queue), "queue");
}

static void two_cpus(void)
{
    begin();
    explore_thread("submits", 64, 0, submit_and_flush, NULL);
    explore_thread("submits too", 64, 1, submit, NULL);
}

static void cancel(void)
{
    begin();
    explore_thread("submits", 64, 0, submit, NULL);
    explore_thread("cancels", 64, 1, cancel_and_wait, NULL);
}

static void delayed(void)
{
    begin();
    explore_thread("submits", 64, 0, submit_delayed, NULL);
    explore_thread("cancels", 64, 1, cancel_and_wait, NULL);
}

static void one_cpu(void)
{
    begin();
    explore_thread("submits", 64, 0, submit_delayed_then_cancel, NULL);
}

static void interrupt(void)
{
    begin();
    explore_thread("submits", 64, 0, submit_and_flush, NULL);
    explore_interrupt("submits", 0, submit_from_handler);
}

/* What was submitted has run, or waits still, or was cancelled. The queue's thread may be about to
 * note that. */
static void all_known(void)
{
#if KILN_CONFIG_SMP
    if (queue.wait.lock.tickets)
        return;
#endif
    EXPLORE_CHECK(runs + cancelled <= submitted);
    EXPLORE_CHECK(runs + cancelled + kiln_work_is_pending(&work) + (queue.running == &work) >=
                  submitted);
}

const struct explore_scenario explore_scenarios[] = {
#if KILN_CONFIG_SMP
    {"two_cpus", "submitted twice, and waited for", 2, two_cpus, NULL, all_known, 2, 4},
    {"cancel", "submitted, and cancelled from another CPU", 2, cancel, NULL, all_known, 3, 6},
    {"delayed", "the same with a delay", 2, delayed, NULL, all_known, 3, 6},
#endif
    {"one_cpu", "delayed, then cancelled: it is nobody's then", 1, one_cpu, NULL, all_known,
     EXPLORE_ALL, 0},
    {"interrupt", "submitted by an interrupt, too", 1, interrupt, NULL, all_known, EXPLORE_ALL, 0},
    {0},
};
