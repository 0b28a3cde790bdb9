/*
 * Live threads: who had the CPUs since the last look, how much of its stack each has used, and what
 * it waits for; with a few threads to look at. Arguments: how often (3), every so many milliseconds
 * (500).
 */
#include <kiln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define THREADS     64 /* that are shown */
#define PART_IN_ALL 1000

struct look {
    struct kiln_thread_info threads[THREADS];
    unsigned count;
    int64_t time;
};

static struct look looks[2];

static void look(struct look *look)
{
    unsigned there = kiln_thread_list_info(look->threads, THREADS);

    look->time = kiln_time_now();
    look->count = there < THREADS ? there : THREADS;
}

/* Each CPU without threads to run has one that is idle; a runtime for a single CPU has not. */
static bool is_idle_thread(const struct kiln_thread_info *thread)
{
    return strncmp(thread->name, "idle/", 5) == 0;
}

static int64_t run_time_before(const struct look *before, uint64_t id)
{
    for (unsigned i = 0; i < before->count; i++)
        if (before->threads[i].id == id)
            return before->threads[i].run_time;
    return 0;
}

/* Thousandths of one CPU. Another CPU's thread may have been switched to while it was looked at. */
static int share(const struct look *before, const struct look *now,
                 const struct kiln_thread_info *thread)
{
    int64_t ran = thread->run_time - run_time_before(before, thread->id);
    int64_t passed = now->time - before->time;

    if (ran <= 0 || passed <= 0)
        return 0;
    return ran < passed ? (int)(ran * PART_IN_ALL / passed) : PART_IN_ALL;
}

/* What its threads leave; its idle thread's share is what is left, too. */
static int idle_share(const struct look *before, const struct look *now, unsigned cpu)
{
    int idle = PART_IN_ALL;

    for (unsigned i = 0; i < now->count; i++) {
        const struct kiln_thread_info *thread = &now->threads[i];

        if (thread->cpu != cpu)
            continue;
        if (is_idle_thread(thread))
            return share(before, now, thread);
        idle -= share(before, now, thread);
    }
    return idle > 0 ? idle : 0;
}

static void print_cpus(const struct look *before, const struct look *now)
{
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++) {
        int idle = idle_share(before, now, cpu), busy = PART_IN_ALL - idle;

        printf("CPU %u: %3d.%d %% busy, %3d.%d %% idle\n", cpu, busy / 10, busy % 10, idle / 10,
               idle % 10);
    }
}

/* Only a painted stack tells how much of it was used. */
static const char *stack_use(const struct kiln_thread_info *thread)
{
    static char text[32];

    if (thread->stack_used_bytes)
        snprintf(text, sizeof(text), "%zu of %zu", thread->stack_used_bytes, thread->stack_bytes);
    else
        snprintf(text, sizeof(text), "%zu", thread->stack_bytes);
    return text;
}

static void print_threads(const struct look *before, const struct look *now)
{
    printf("share %%  CPU  priority  switches  stack bytes     state     thread\n");
    for (unsigned i = 0; i < now->count; i++) {
        const struct kiln_thread_info *thread = &now->threads[i];
        int part = share(before, now, thread);

        printf("%5d.%d  %3u  %8d  %8llu  %-14s  %-8s  %s", part / 10, part % 10, thread->cpu,
               thread->priority, (unsigned long long)thread->switches, stack_use(thread),
               kiln_thread_state_name(thread->state), thread->name);
        if (thread->waits_for)
            printf(", for: %s", thread->waits_for);
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 3;
    int milliseconds = argc > 2 ? atoi(argv[2]) : 500;

    if (!load_start()) {
        printf("no memory for threads\n");
        return 1;
    }
    look(&looks[0]);
    for (int round = 1; round <= rounds; round++) {
        struct look *before = &looks[(round - 1) % 2], *now = &looks[round % 2];

        kiln_sleep_for(KILN_MILLISECONDS(milliseconds));
        look(now);
        printf("%sround %d of %d: %u threads, %lld ms\n", round > 1 ? "\n" : "", round, rounds,
               now->count, (long long)((now->time - before->time) / 1000000));
        print_cpus(before, now);
        print_threads(before, now);
    }
    return 0;
}
