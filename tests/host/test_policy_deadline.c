/* Earliest deadline first on a simulated CPU: no miss, refusal of overload, and enforcement. */
#include "policy_machine.h"

static bool periods_pass = true; /* one by one, as the model counts them */

/* A job of the thread's period is done: was it in time? What it runs next is random. */
static void job_done(struct job *job)
{
    if (periods_pass)
        TEST_HOLDS(policy_deadline_is_late(&job->thread, machine_now) == (machine_now > job->due),
                   "whether it is late");
    job->misses += machine_now > job->due;
    job->count++;
    job->due += job->thread.deadline.period;
    job->burst = 1 + test_below(job->length);
    job_gives_way(job, POLICY_JOB_IS_DONE);
}

static struct job *task(uint64_t runtime, uint64_t relative, uint64_t period)
{
    struct job *job = job_new();
    job->thread.deadline.runtime = runtime;
    job->thread.deadline.relative = relative;
    job->thread.deadline.period = period;
    job->length = job->burst = runtime;
    job->due = machine_now + relative;
    job->next = job_done;
    if (job_start(job))
        return job;
    memset(job, 0, sizeof *job);
    job_count--;
    return NULL;
}

static uint64_t due_of(const struct job *job)
{
    return job->thread.deadline.next - job->thread.deadline.period + job->thread.deadline.relative;
}

/* Nobody who waits and has runtime left has an earlier deadline. */
static void is_earliest(struct job *job)
{
    TEST_HOLDS(job->thread.deadline.budget > 0, "no runtime left");
    for (unsigned i = 0; i < job_count; i++)
        TEST_HOLDS(jobs[i].state != JOB_READY || jobs[i].thread.deadline.budget == 0 ||
                       due_of(&jobs[i]) >= due_of(job),
                   "thread %u", i);
}

/* Tasks until the next would load the CPU by more; returns the load. */
static double random_tasks(double most, bool constrained)
{
    double load = 0;
    for (unsigned i = 0; i < 30; i++) {
        uint64_t period = MILLISECOND * (1 + test_below(100));
        uint64_t relative = constrained ? period - test_below(period / 2) : period;
        double part = (most - load) * (double)(1 + test_below(100)) / 100;
        uint64_t runtime = (uint64_t)((double)relative * (i == 29 ? most - load : part));
        if (runtime < 10000)
            continue;
        TEST_HOLDS(task(runtime, relative, period), "refused at %f", load);
        load += (double)runtime / (double)relative;
    }
    return load;
}

static void no_misses(unsigned first, const char *what)
{
    for (unsigned i = first; i < job_count; i++) {
        TEST_HOLDS(jobs[i].misses == 0, "%s: thread %u of %u missed %llu of %llu", what, i,
                   job_count, (unsigned long long)jobs[i].misses,
                   (unsigned long long)jobs[i].count);
        uint64_t ought = SECOND / jobs[i].thread.deadline.period;
        TEST_HOLDS(jobs[i].count + 1 >= ought, "%llu jobs", (unsigned long long)jobs[i].count);
    }
}

static void test_load(bool constrained)
{
    for (unsigned round = 0; round < 200; round++) {
        machine_start(&policy_deadline);
        machine_check = is_earliest;
        machine_now += test_below(SECOND);
        double load = random_tasks(0.95, constrained);
        TEST_HOLDS(load > 0.9, "%f", load);
        machine_run(SECOND);
        no_misses(0, "load");
    }
}

static void test_admission(void)
{
    for (unsigned round = 0; round < 200; round++) {
        machine_start(&policy_deadline);
        double load = random_tasks(0.9, false);
        struct job *last = task(MILLISECOND * 13 / 100, MILLISECOND, MILLISECOND);
        TEST_HOLDS(!last, "%f and 13 %% more", load);
        TEST_HOLDS(task(MILLISECOND / 20, MILLISECOND, MILLISECOND), "%f and 5 %% more", load);
        for (unsigned i = 0; i < job_count; i++)
            policy->leave(&queue, &jobs[i].thread);
        TEST_HOLDS(queue.deadline.load == 0, "%u", queue.deadline.load);
    }
    machine_start(&policy_deadline);
    TEST_HOLDS(!task(0, 10, 10) && !task(11, 10, 10) && !task(5, 11, 10), "no sense");
    TEST_HOLDS(!task(1, UINT64_MAX / 2, UINT64_MAX / 2), "too long");
    test_property("what would overload the CPU is refused, and makes room when it leaves");
}

static void runs_on(struct job *job)
{
    job->burst = SECOND;
}

/* Some never end their jobs: they get their runtime in each period, the others miss nothing. */
static void test_enforcement(void)
{
    for (unsigned round = 0; round < 100; round++) {
        machine_start(&policy_deadline);
        machine_check = is_earliest;
        struct job *greedy = task(3 * MILLISECOND, 10 * MILLISECOND, 10 * MILLISECOND);
        greedy->next = runs_on;
        greedy->burst = SECOND;
        random_tasks(0.65, false);
        machine_run(SECOND);
        no_misses(1, "beside a greedy one");
        TEST_HOLDS(greedy->ran >= 297 * MILLISECOND && greedy->ran <= 303 * MILLISECOND, "%llu",
                   (unsigned long long)greedy->ran);
    }
}

static void naps(struct job *job)
{
    job->burst = 1 + test_below(job->length);
    job_sleeps(job, machine_now + test_below(job->thread.deadline.period));
}

/* Who blocks in the midst of its job cannot take its runtime when it is too late for the others. */
static void test_blocking(void)
{
    for (unsigned round = 0; round < 200; round++) {
        machine_start(&policy_deadline);
        machine_check = is_earliest;
        for (unsigned i = 0; i < 2; i++) {
            struct job *job = task(20 * MILLISECOND, 100 * MILLISECOND, 100 * MILLISECOND);
            job->next = naps;
        }
        random_tasks(0.55, false);
        machine_run(SECOND);
        for (unsigned i = 2; i < job_count; i++)
            TEST_HOLDS(jobs[i].misses == 0, "thread %u missed %llu", i,
                       (unsigned long long)jobs[i].misses);
    }
    test_property("nor do they beside threads that block at any time");
}

/* The CPU is away for a while, as when a thread of higher priority runs. */
static void test_away(void)
{
    machine_start(&policy_deadline);
    for (unsigned i = 0; i < 3; i++)
        task(3 * MILLISECOND, 10 * MILLISECOND, 10 * MILLISECOND);
    machine_run(35 * MILLISECOND);
    machine_now += 500 * MILLISECOND;
    periods_pass = false;
    machine_run(30 * MILLISECOND);
    for (unsigned i = 0; i < 3; i++) {
        jobs[i].misses = 0;
        jobs[i].due = jobs[i].thread.deadline.next;
        TEST_HOLDS(jobs[i].due <= machine_now + 10 * MILLISECOND, "late");
    }
    uint64_t ran = jobs[0].ran;
    machine_run(SECOND);
    TEST_HOLDS(jobs[0].ran - ran <= 301 * MILLISECOND, "made up for it");
    test_property("whole periods that the CPU was away for are left out");
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 3);
    test_load(false);
    test_property("no deadline is missed at 95 % load");
    test_load(true);
    test_property("nor where deadlines are before the periods' ends");
    test_admission();
    test_enforcement();
    test_property("nor beside one that wants more than its runtime, which it does not get");
    test_blocking();
    test_away();
    return tap_done();
}
