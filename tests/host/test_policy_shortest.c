/* Shortest remaining time on a simulated CPU, against a model that steps through time. */
#include "policy_machine.h"

#define STEP 1000000ull
#define MANY 12

static void end_of_job(struct job *job)
{
    job_ends(job);
}

static struct job *job_of_length(uint64_t declared, uint64_t length)
{
    struct job *job = job_new();
    job->thread.shortest.length = declared;
    job->length = job->burst = length;
    job->next = end_of_job;
    job->arrived = machine_now;
    TEST_HOLDS(job_start(job), "refused");
    return job;
}

/* Nobody who waits has less left than the one that was taken. */
static void has_least_left(struct job *job)
{
    for (unsigned i = 0; i < job_count; i++)
        TEST_HOLDS(jobs[i].state != JOB_READY || jobs[i].burst >= job->burst, "job %u", i);
}

/* When each of the jobs is done if the shortest always runs, in steps from the first arrival. */
static void model(const uint64_t *arrivals, const uint64_t *lengths, uint64_t *ends)
{
    uint64_t left[MANY];
    memcpy(left, lengths, sizeof left);
    unsigned done = 0;
    for (uint64_t now = 0; done < MANY; now++) {
        int best = -1;
        for (int i = 0; i < MANY; i++)
            if (left[i] && arrivals[i] <= now && (best < 0 || left[i] < left[best]))
                best = i;
        if (best >= 0 && --left[best] == 0) {
            ends[best] = now + 1;
            done++;
        }
    }
}

static uint64_t sum(const uint64_t *values)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < MANY; i++)
        all += values[i];
    return all;
}

/* Jobs with equal times left may come in either order: the sum of the ends is the same. */
static void one_random_set(void)
{
    uint64_t arrivals[MANY], lengths[MANY], ends[MANY], is[MANY];
    machine_start(&policy_shortest);
    machine_check = has_least_left;
    uint64_t start = machine_now, at = 0;
    for (unsigned i = 0; i < MANY; i++) {
        at += i ? test_below(8) : 0;
        arrivals[i] = at;
        lengths[i] = 1 + test_below(20);
        machine_run(start + at * STEP - machine_now);
        job_of_length(lengths[i] * STEP, lengths[i] * STEP);
        if (taken && policy->due(&queue, &taken->thread, machine_now)) {
            job_gives_way(taken, POLICY_PASSED_BY);
            machine_take();
        }
    }
    machine_run(MANY * 30 * STEP);
    model(arrivals, lengths, ends);
    for (unsigned i = 0; i < MANY; i++)
        is[i] = (jobs[i].finished - start) / STEP;
    TEST_HOLDS(sum(is) == sum(ends), "%llu instead of %llu", (unsigned long long)sum(is),
               (unsigned long long)sum(ends));
}

static void test_order(void)
{
    machine_start(&policy_shortest);
    for (uint64_t i = 5; i > 0; i--)
        job_of_length(i * STEP, i * STEP);
    machine_run(20 * STEP);
    for (unsigned i = 1; i < 5; i++)
        TEST_HOLDS(jobs[i].finished < jobs[i - 1].finished, "job %u", i);
    TEST_HOLDS(jobs[0].turns == 1, "switches");
    test_property("the shortest runs first, to its end");
}

static void test_lies(void)
{
    machine_start(&policy_shortest);
    struct job *liar = job_of_length(1, 10 * STEP);
    struct job *honest = job_of_length(8 * STEP, 8 * STEP);
    struct job *other = job_of_length(2, 10 * STEP);
    machine_run(8 * STEP + 10);
    TEST_HOLDS(honest->finished != 0, "honest");
    TEST_HOLDS(liar->ran + other->ran < 20, "liar");
    machine_run(10 * STEP);
    uint64_t difference = liar->ran > other->ran ? liar->ran - other->ran : other->ran - liar->ran;
    TEST_HOLDS(difference <= STEP + 10, "%llu", (unsigned long long)difference);
    TEST_HOLDS(liar->turns + other->turns < 30, "%llu", (unsigned long long)liar->turns);
    machine_run(10 * STEP);
    TEST_HOLDS(liar->finished && other->finished, "end");
    test_property("who declares less than it takes comes last, and shares with its like");
}

static void test_limits(void)
{
    machine_start(&policy_shortest);
    struct job *job = job_new();
    TEST_HOLDS(!job_start(job), "no length");
    job->thread.shortest.length = UINT64_MAX;
    TEST_HOLDS(!job_start(job), "too long");
    job->thread.shortest.length = 1;
    TEST_HOLDS(job_start(job), "short");
    machine_run(STEP);
    TEST_HOLDS(policy->alarm(&queue, &taken->thread, machine_now) == POLICY_NEVER, "alarm");
    struct job *second = job_of_length(STEP, STEP);
    policy->remove(&queue, &second->thread);
    TEST_HOLDS(!policy->take(&queue, machine_now), "removed");
    test_property("a length has limits, and one alone needs no alarm");
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 11);
    test_order();
    for (unsigned i = 0; i < 500; i++)
        one_random_set();
    test_property("500 random sets of jobs are done as early as in the model");
    test_lies();
    test_limits();
    return tap_done();
}
