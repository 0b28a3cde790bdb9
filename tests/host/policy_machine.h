/* One CPU whose threads have one policy, simulated: a unit of time is a nanosecond. */
#ifndef POLICY_MACHINE_H
#define POLICY_MACHINE_H

#include <string.h>
#include <core/policy.h>
#include <core/timer.h>
#include <kiln/system.h>
#include "test.h"

#define MILLISECOND 1000000ull
#define SECOND      1000000000ull
#define JOBS        64

enum job_state { JOB_UNUSED, JOB_READY, JOB_TAKEN, JOB_ASLEEP };

/* A thread, which asks what to do when it has run for `burst`. */
struct job {
    struct policy_thread thread;
    enum job_state state;
    uint64_t burst;
    uint64_t wake_at;
    uint64_t ran;
    uint64_t ready_since, longest_wait;
    uint64_t turns;
    void (*next)(struct job *job);
    /* The test's own. */
    uint64_t length, sleep, count, misses, due, arrived, finished;
};

static const struct policy *policy;
static struct policy_queue queue;
static struct job jobs[JOBS];
static unsigned job_count;
static struct job *taken;
static uint64_t machine_now;
static uint64_t machine_late;                  /* an alarm comes up to so much late */
static void (*machine_check)(struct job *job); /* of one just taken */

uint64_t kiln_random(void)
{
    return test_random();
}

static inline void machine_start(const struct policy *which)
{
    policy = which;
    memset(jobs, 0, sizeof jobs);
    job_count = 0;
    taken = NULL;
    machine_check = NULL;
    machine_late = 0;
    policy->init(&queue, machine_now);
}

static inline struct job *job_of(struct policy_thread *thread)
{
    return (struct job *)((char *)thread - offsetof(struct job, thread));
}

static inline void job_add(struct job *job, enum policy_why why)
{
    if (job->state != JOB_READY)
        job->ready_since = machine_now;
    job->state = JOB_READY;
    policy->add(&queue, &job->thread, why, machine_now);
}

static inline void machine_take(void)
{
    struct policy_thread *thread = policy->take(&queue, machine_now);
    taken = thread ? job_of(thread) : NULL;
    if (!taken)
        return;
    TEST_HOLDS(taken->state == JOB_READY, "state %d", taken->state);
    uint64_t waited = machine_now - taken->ready_since;
    if (waited > taken->longest_wait)
        taken->longest_wait = waited;
    taken->state = JOB_TAKEN;
    taken->turns++;
    if (machine_check)
        machine_check(taken);
}

/* Sets what a thread is to have, before job_start. */
static inline struct job *job_new(void)
{
    struct job *job = &jobs[job_count++];
    job->burst = UINT64_MAX;
    return job;
}

/* Ready from now on. False: refused. */
static inline bool job_start(struct job *job)
{
    if (!policy->begin(&job->thread) || (policy->join && !policy->join(&queue, &job->thread)))
        return false;
    job_add(job, POLICY_WOKEN);
    return true;
}

/* For job->next. */
static inline void job_sleeps(struct job *job, uint64_t until)
{
    job->state = JOB_ASLEEP;
    job->wake_at = until;
    taken = NULL;
}

static inline void job_gives_way(struct job *job, enum policy_why why)
{
    job_add(job, why);
    taken = NULL;
}

static inline void job_ends(struct job *job)
{
    job->finished = machine_now;
    job->state = JOB_UNUSED;
    taken = NULL;
    if (policy->leave)
        policy->leave(&queue, &job->thread);
}

static inline uint64_t machine_next_event(uint64_t until)
{
    uint64_t alarm = policy->alarm(&queue, taken ? &taken->thread : NULL, machine_now);
    if (machine_late && alarm < until)
        alarm += test_below(machine_late);
    uint64_t at = alarm < until ? alarm : until;
    if (taken && taken->burst < at - machine_now)
        at = machine_now + taken->burst;
    for (unsigned i = 0; i < job_count; i++)
        if (jobs[i].state == JOB_ASLEEP && jobs[i].wake_at < at)
            at = jobs[i].wake_at;
    return at > machine_now ? at : machine_now;
}

static inline void machine_pass(uint64_t time)
{
    machine_now += time;
    if (!taken)
        return;
    policy->charge(&queue, &taken->thread, time, machine_now);
    taken->ran += time;
    if (taken->burst != UINT64_MAX)
        taken->burst -= time;
}

static inline void machine_wake(void)
{
    for (unsigned i = 0; i < job_count; i++)
        if (jobs[i].state == JOB_ASLEEP && jobs[i].wake_at <= machine_now)
            job_add(&jobs[i], POLICY_WOKEN);
}

static inline void machine_run(uint64_t time)
{
    uint64_t until = machine_now + time;
    unsigned at_once = 0;
    while (machine_now < until) {
        if (!taken)
            machine_take();
        uint64_t at = machine_next_event(until);
        at_once = at == machine_now ? at_once + 1 : 0;
        TEST_HOLDS(at_once < 4 * JOBS, "nothing goes on");
        if (at_once >= 4 * JOBS)
            return;
        machine_pass(at - machine_now);
        if (taken && taken->burst == 0)
            taken->next(taken);
        machine_wake();
        if (taken && policy->due(&queue, &taken->thread, machine_now)) {
            job_gives_way(taken, POLICY_PASSED_BY);
            machine_take();
        }
    }
}

#endif
