/* The lottery on a simulated CPU: its tree, and shares of time as tickets. */
#include <math.h>
#include "policy_machine.h"

static uint64_t check_node(const struct policy_ticket_node *node,
                           const struct policy_ticket_node *up, unsigned *count)
{
    if (!node)
        return 0;
    ++*count;
    TEST_HOLDS(node->up == up, "up");
    TEST_HOLDS(node->side[0] || !node->side[1], "sides");
    uint64_t sum = check_node(node->side[0], node, count) + check_node(node->side[1], node, count) +
                   node->tickets;
    TEST_HOLDS(sum == node->sum, "%llu instead of %llu", (unsigned long long)node->sum,
               (unsigned long long)sum);
    return sum;
}

static void check_tree(void)
{
    unsigned count = 0, waiting = 0;
    uint64_t sum = check_node(queue.lottery.root, NULL, &count), tickets = 0;
    for (unsigned i = 0; i < job_count; i++) {
        if (jobs[i].state == JOB_READY) {
            waiting++;
            tickets += jobs[i].thread.lottery.tickets;
        }
    }
    TEST_HOLDS(count == waiting && queue.lottery.waiting == waiting, "%u of %u", count, waiting);
    TEST_HOLDS(sum == tickets, "sum");
}

static void test_tree(void)
{
    machine_start(&policy_lottery);
    for (unsigned i = 0; i < JOBS; i++)
        job_new()->thread.lottery.tickets = 1 + (uint32_t)test_below(POLICY_TICKETS_MOST);
    for (unsigned i = 0; i < 20000; i++) {
        struct job *job = &jobs[test_below(JOBS)];
        if (job->state == JOB_READY) {
            policy->remove(&queue, &job->thread);
            job->state = JOB_UNUSED;
        } else if (job->state == JOB_UNUSED) {
            job_start(job);
        } else if (test_below(2)) {
            job_ends(job);
        }
        machine_run(test_below(MILLISECOND) + 1);
        check_tree();
    }
    test_property("20000 random steps leave the sums of tickets right");
}

static struct job *holder(uint32_t tickets)
{
    struct job *job = job_new();
    job->thread.lottery.tickets = tickets;
    TEST_HOLDS(job_start(job), "refused");
    return job;
}

/* How often each is drawn is within so many standard deviations of what is expected. */
static unsigned outside(double sigmas)
{
    double tickets = 0, turns = 0;
    unsigned count = 0;
    for (unsigned i = 0; i < job_count; i++) {
        tickets += jobs[i].thread.lottery.tickets;
        turns += (double)jobs[i].turns;
    }
    for (unsigned i = 0; i < job_count; i++) {
        double chance = jobs[i].thread.lottery.tickets / tickets;
        double sigma = sqrt(turns * chance * (1 - chance));
        count += fabs((double)jobs[i].turns - turns * chance) > sigmas * sigma;
    }
    return count;
}

static void test_shares(void)
{
    unsigned wide = 0, narrow = 0, all = 0;
    for (unsigned round = 0; round < 100; round++) {
        machine_start(&policy_lottery);
        unsigned count = 2 + (unsigned)test_below(9);
        for (unsigned i = 0; i < count; i++)
            holder(1 + (uint32_t)test_below(100));
        machine_run(SECOND);
        all += count;
        wide += outside(3);
        narrow += outside(1);
    }
    TEST_HOLDS(wide <= all / 100, "%u of %u beyond 3 sigma", wide, all);
    TEST_HOLDS(narrow > all / 5 && narrow < all / 2, "%u of %u beyond 1 sigma", narrow, all);
    test_property("draws within a second are as the tickets: 3 sigma, and 1 sigma not too often");
}

static void test_time(void)
{
    machine_start(&policy_lottery);
    machine_late = 1000;
    struct job *poor = holder(100), *rich = holder(300);
    machine_run(100 * SECOND);
    double ratio = (double)rich->ran / (double)poor->ran;
    TEST_HOLDS(ratio > 2.9 && ratio < 3.1, "%f", ratio);
    poor->thread.lottery.tickets = 1;
    machine_run(SECOND);
    TEST_HOLDS(poor->turns > 0, "starved");
    test_property("time is as the tickets, and one ticket is drawn some time");
}

static void test_limits(void)
{
    machine_start(&policy_lottery);
    job_new()->thread.lottery.tickets = 0;
    TEST_HOLDS(!job_start(&jobs[0]), "none");
    jobs[0].thread.lottery.tickets = POLICY_TICKETS_MOST + 1;
    TEST_HOLDS(!job_start(&jobs[0]), "too many");
    jobs[0].thread.lottery.tickets = POLICY_TICKETS_MOST;
    TEST_HOLDS(job_start(&jobs[0]), "most");
    machine_run(SECOND);
    TEST_HOLDS(jobs[0].ran == SECOND && jobs[0].turns == 1, "alone");
    TEST_HOLDS(policy->alarm(&queue, &taken->thread, machine_now) == POLICY_NEVER, "alarm");
    test_property("tickets have limits, and one alone needs no alarm");
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 7);
    test_tree();
    test_shares();
    test_time();
    test_limits();
    return tap_done();
}
