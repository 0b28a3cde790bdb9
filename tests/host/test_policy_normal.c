/* The feedback queue on a simulated CPU: shares, levels, what gaming gains, how long one waits. */
#include "policy_machine.h"

static struct job *hog(int nice)
{
    struct job *job = job_new();
    job->thread.normal.nice = (int8_t)nice;
    TEST_HOLDS(job_start(job), "refused");
    return job;
}

static void sleep_after_burst(struct job *job)
{
    job->burst = job->length;
    job_sleeps(job, machine_now + job->sleep);
}

static void yield_after_burst(struct job *job)
{
    job->burst = job->length;
    job_gives_way(job, POLICY_YIELDED);
}

/* A hog that does something short after each `length`. */
static struct job *cheat(void (*next)(struct job *), uint64_t length, uint64_t sleep)
{
    struct job *job = job_new();
    job->next = next;
    job->burst = job->length = length;
    job->sleep = sleep;
    TEST_HOLDS(job_start(job), "refused");
    return job;
}

/* Each has within so many per cent of its share of the time that all of them ran. */
static void check_shares(const double *shares, double all, double percent)
{
    double ran = 0;
    for (unsigned i = 0; i < job_count; i++)
        ran += (double)jobs[i].ran;
    for (unsigned i = 0; i < job_count; i++) {
        double is = (double)jobs[i].ran / ran, ought = shares[i] / all;
        TEST_HOLDS(is > ought * (1 - percent / 100) && is < ought * (1 + percent / 100),
                   "thread %u of %u: %f instead of %f", i, job_count, is, ought);
    }
}

static double weight(int nice)
{
    double value = 1;
    for (; nice < 0; nice++)
        value *= 1.25;
    for (; nice > 0; nice--)
        value /= 1.25;
    return value;
}

static void test_equal(void)
{
    double shares[20];
    for (unsigned count = 2; count <= 20; count++) {
        machine_start(&policy_normal);
        machine_late = 3000;
        machine_now += test_below(SECOND);
        for (unsigned i = 0; i < count; i++) {
            shares[i] = 1;
            hog(0);
        }
        machine_run(SECOND);
        check_shares(shares, count, 5);
    }
    test_property("equal threads have equal shares of a second, within 5 %");
}

/* `range` steps of nice at most between any two. */
static void nice_ratios(unsigned count, unsigned range, uint64_t time, double percent)
{
    double shares[8], all = 0;
    machine_start(&policy_normal);
    machine_now += test_below(SECOND);
    int least = POLICY_NICE_LEAST + (int)test_below(40 - range);
    for (unsigned i = 0; i < count; i++) {
        int nice = least + (int)(i < 2 ? i * range : test_below(range + 1));
        all += shares[i] = weight(nice);
        hog(nice);
    }
    machine_run(time);
    check_shares(shares, all, percent);
}

static void test_nice(void)
{
    for (unsigned i = 0; i < 300; i++)
        nice_ratios(2 + (unsigned)test_below(7), (unsigned)test_below(11), SECOND, 5);
    test_property("shares of a second are as the weights of nice, within 5 %: up to 10 steps");
    for (unsigned i = 0; i < 100; i++)
        nice_ratios(2, (unsigned)test_below(21), SECOND, 5);
    test_property("of two threads up to 20 steps");
    for (unsigned i = 0; i < 20; i++)
        nice_ratios(2 + (unsigned)test_below(7), 39, 100 * SECOND, 15);
    test_property("of all 39 steps over a minute and a half, within 15 % of each one's own");
}

static double gain(void (*next)(struct job *), uint64_t length, uint64_t sleep)
{
    machine_start(&policy_normal);
    for (unsigned i = 0; i < 3; i++)
        hog(0);
    struct job *cheater = cheat(next, length, sleep);
    machine_run(5 * SECOND);
    return (double)cheater->ran / (5 * SECOND / 4.0);
}

static void test_gaming(void)
{
    for (uint64_t length = 20000; length < 20 * MILLISECOND; length += length / 3) {
        double most = gain(yield_after_burst, length, 0);
        TEST_HOLDS(most < 1.02, "yielding after %llu ns: %f", (unsigned long long)length, most);
        for (uint64_t sleep = 1; sleep < MILLISECOND; sleep *= 30) {
            most = gain(sleep_after_burst, length, sleep);
            TEST_HOLDS(most < 1.02, "sleeping %llu ns after %llu ns: %f", (unsigned long long)sleep,
                       (unsigned long long)length, most);
        }
    }
    test_property("yielding or sleeping before the slice ends gains at most 2 %");
}

static void test_interactive(void)
{
    machine_start(&policy_normal);
    machine_now += SECOND - machine_now % SECOND;
    for (unsigned i = 0; i < 10; i++)
        hog((int)i - 5);
    struct job *key = cheat(sleep_after_burst, 100000, 30 * MILLISECOND);
    machine_run(500 * MILLISECOND);
    TEST_HOLDS(key->longest_wait < 10 * MILLISECOND, "%llu", (unsigned long long)key->longest_wait);
    key->longest_wait = 0;
    machine_run(400 * MILLISECOND);
    TEST_HOLDS(key->longest_wait < 20000, "%llu", (unsigned long long)key->longest_wait);
    test_property("who waits a lot runs at once, while others have used up their allotments");
}

static void test_starvation(void)
{
    machine_start(&policy_normal);
    struct job *low = hog(19);
    for (unsigned i = 0; i < 3; i++)
        hog(0);
    machine_run(SECOND);
    TEST_HOLDS(low->thread.normal.level == POLICY_LEVELS - 1 && low->turns > 0, "level");
    /* All time goes to threads of higher levels: each starts anew after a while. */
    uint64_t ran = low->ran;
    for (unsigned i = 0; i < 500; i++) {
        struct job *job = &jobs[1 + i % 3];
        if (job->state == JOB_READY)
            policy->remove(&queue, &job->thread);
        else
            taken = NULL;
        policy->begin(&job->thread);
        job_add(job, POLICY_WOKEN);
        machine_run(4 * MILLISECOND);
    }
    TEST_HOLDS(low->ran > ran, "no time");
    TEST_HOLDS(low->longest_wait < 2 * SECOND, "%llu", (unsigned long long)low->longest_wait);
    test_property("a thread of the lowest level and weight gets its turn after a boost");
}

static void test_levels(void)
{
    machine_start(&policy_normal);
    machine_now += SECOND - machine_now % SECOND;
    struct job *job = hog(0);
    hog(0);
    uint64_t slice[POLICY_LEVELS] = {0};
    while (machine_now % SECOND < 200 * MILLISECOND) {
        machine_run(10000);
        if (taken == job && slice[job->thread.normal.level] < (uint64_t)job->thread.normal.slice)
            slice[job->thread.normal.level] = (uint64_t)job->thread.normal.slice;
    }
    for (unsigned level = 1; level < POLICY_LEVELS; level++)
        TEST_HOLDS(slice[level] > slice[level - 1], "level %u", level);
    TEST_HOLDS(job->thread.normal.level == POLICY_LEVELS - 1, "level");
    machine_run(SECOND - machine_now % SECOND + 1000);
    TEST_HOLDS(taken->thread.normal.level == 0, "boost");
    test_property("slices are longer further down, and a boost brings all up");
}

static void test_alone(void)
{
    machine_start(&policy_normal);
    struct job *first = hog(0);
    machine_run(10 * SECOND);
    TEST_HOLDS(policy->alarm(&queue, &taken->thread, machine_now) == POLICY_NEVER, "alarm");
    TEST_HOLDS(first->turns == 1, "%llu turns", (unsigned long long)first->turns);
    struct job *second = hog(0);
    first->ran = 0;
    machine_run(5 * SECOND);
    double share = (double)first->ran / (double)second->ran;
    TEST_HOLDS(share > 0.97 && share < 1.03, "%f", share);
    test_property("one alone needs no alarm, and owes nothing to who comes later");
}

/* Whoever is in the queue, in any order of calls, the sums are those of who is in it. */
static void test_sums(void)
{
    machine_start(&policy_normal);
    for (unsigned i = 0; i < JOBS; i++) {
        job_new()->thread.normal.nice = (int8_t)((int)test_below(40) - 20);
        job_start(&jobs[i]);
    }
    for (unsigned i = 0; i < 20000; i++) {
        struct job *job = &jobs[test_below(JOBS)];
        if (job->state == JOB_READY) {
            policy->remove(&queue, &job->thread);
            job->state = JOB_ASLEEP;
            job->wake_at = UINT64_MAX;
        } else if (job->state == JOB_ASLEEP) {
            job_add(job, (enum policy_why)test_below(POLICY_MOVED + 1));
        }
        machine_run(test_below(3 * MILLISECOND) + 1);
    }
    uint32_t waiting = 0;
    uint64_t ready = 0;
    for (unsigned i = 0; i < POLICY_LEVELS; i++)
        waiting += queue.normal.waiting[i];
    for (unsigned i = 0; i < JOBS; i++)
        ready += jobs[i].state == JOB_READY;
    TEST_HOLDS(waiting == ready, "%u instead of %llu", waiting, (unsigned long long)ready);
    while (taken) {
        taken = NULL;
        machine_take();
    }
    for (unsigned i = 0; i < POLICY_LEVELS; i++)
        TEST_HOLDS(queue.normal.weights[i] == 0 && queue.normal.waiting[i] == 0, "level %u", i);
    TEST_HOLDS(queue.normal.ready == 0, "ready");
    test_property("the sums are those of who waits");
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 5);
    test_equal();
    test_nice();
    test_gaming();
    test_interactive();
    test_starvation();
    test_levels();
    test_alone();
    test_sums();
    return tap_done();
}
