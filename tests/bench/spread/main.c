/*
 * Prints how well threads spread over four CPUs: what independent jobs cost there in all, of 1,000
 * parts of what they cost on one; and how far, of many short jobs, half of them pinned, the share
 * of a CPU is from a quarter, in thousandths. With QEMU's -icount the CPUs take turns, and an
 * instruction of any takes one nanosecond.
 */
#include <inttypes.h>
#include <kiln.h>
#include <stdio.h>

#define CPUS        4u
#define JOBS        16u
#define SHORT_JOBS  2000u
#define AT_ONCE     200u
#define LONG_STEPS  4000000u
#define SHORT_STEPS 20000u

static struct kiln_thread *threads[AT_ONCE];
static unsigned finished[CPUS];

static void *work(void *steps)
{
    for (uintptr_t i = (uintptr_t)steps; i > 0; i--)
        __asm__ volatile("");
    __atomic_fetch_add(&finished[kiln_cpu_id()], 1, __ATOMIC_RELAXED);
    return NULL;
}

static void start(unsigned slot, uint32_t cpus, uintptr_t steps)
{
    if (kiln_thread_create(&threads[slot],
                           KILN_THREAD_ATTRIBUTES(.cpus = cpus, .stack_bytes = 4096), work,
                           (void *)steps))
        kiln_panic("no memory for a thread");
}

static uint64_t cost_of_jobs(uint32_t cpus)
{
    uint64_t from = kiln_time_counter();

    for (unsigned i = 0; i < JOBS; i++)
        start(i, cpus, LONG_STEPS);
    for (unsigned i = 0; i < JOBS; i++)
        kiln_thread_join(threads[i], NULL);
    return kiln_time_counter() - from;
}

/* The unpinned ones are odd, the pinned ones go round. */
static unsigned worst_share(void)
{
    unsigned worst = 0;

    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        finished[cpu] = 0;
    for (unsigned batch = 0; batch < SHORT_JOBS / AT_ONCE; batch++) {
        for (unsigned i = 0; i < AT_ONCE; i++)
            start(i, i % 2 ? 0 : 1u << i / 2 % CPUS, SHORT_STEPS);
        for (unsigned i = 0; i < AT_ONCE; i++)
            kiln_thread_join(threads[i], NULL);
    }
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        unsigned share = finished[cpu] * 1000 / SHORT_JOBS;
        unsigned off = share > 250 ? share - 250 : 250 - share;

        printf("cpu %u finished %u of %u short jobs\n", cpu, finished[cpu], SHORT_JOBS);
        worst = off > worst ? off : worst;
    }
    return worst;
}

int main(void)
{
    uint64_t alone = cost_of_jobs(1), spread = cost_of_jobs(0);

    if (kiln_cpu_count() != CPUS)
        kiln_panic("%u CPUs instead of %u", kiln_cpu_count(), CPUS);

    printf("jobs-thousandths %" PRIu64 "\n", (spread * 1000 + alone / 2) / alone);
    printf("share-thousandths-off %u\n", worst_share());
    return 0;
}
