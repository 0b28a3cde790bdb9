/*
 * Virtual memory on four CPUs: memory on demand that all touch at once, snapshots while others
 * write, what others see after a rollback and after a range was given to someone else.
 */
#include "run_on_cpu.h"
#include "tap.h"

#define PAGE   KILN_VM_PAGE
#define PAGES  32
#define ROUNDS 8

static uint32_t *range; /* one counter of each CPU, and one of all, at the start of each page */

static uint32_t *page(unsigned n)
{
    return range + n * (PAGE / sizeof(uint32_t));
}

static void on_all(void (*function)(unsigned cpu))
{
    for (unsigned cpu = 1; cpu < CPUS; cpu++)
        run_on_cpu(cpu, function);
    function(0);
    for (unsigned cpu = 1; cpu < CPUS; cpu++)
        wait_for_cpu(cpu);
}

static void count_up(unsigned cpu)
{
    for (unsigned n = 0; n < PAGES; n++) {
        __atomic_add_fetch(&page(n)[CPUS], 1, __ATOMIC_RELAXED);
        page(n)[cpu]++;
    }
}

/* Pages whose counters are not all this. */
static unsigned count_wrong(uint32_t each)
{
    unsigned wrong = 0;
    for (unsigned n = 0; n < PAGES; n++) {
        wrong += page(n)[CPUS] != CPUS * each;
        for (unsigned cpu = 0; cpu < CPUS; cpu++)
            wrong += page(n)[cpu] != each;
    }
    return wrong;
}

static uint32_t expected, wrong_elsewhere;

static void look(unsigned cpu)
{
    (void)cpu;
    __atomic_add_fetch(&wrong_elsewhere, count_wrong(expected), __ATOMIC_RELAXED);
}

static uint32_t seen_wrong(uint32_t each)
{
    expected = each;
    wrong_elsewhere = 0;
    on_all(look);
    return wrong_elsewhere;
}

static struct kiln_vm_version snapshot;

static void test_rollback(void)
{
    unsigned wrong = 0;
    TAP_EQUAL(kiln_vm_snapshot(&snapshot, range, PAGES * PAGE), 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        on_all(count_up);
        wrong += seen_wrong(2);
        wrong += kiln_vm_rollback(&snapshot) != 0;
        wrong += seen_wrong(1);
    }
    tap_check(wrong == 0, "all see what was written, and what was before");
    TAP_EQUAL(kiln_vm_snapshot_end(&snapshot), 0);
}

static uint32_t stop; /* atomic */

/* Its own counter in each page, until it is told to stop; the boot CPU takes snapshots. */
static void write_or_snapshot(unsigned cpu)
{
    if (cpu == 0) {
        unsigned wrong = 0;
        for (unsigned round = 0; round < ROUNDS; round++) {
            wrong += kiln_vm_snapshot(&snapshot, range, PAGES * PAGE) != 0;
            kiln_delay_for(200000);
            wrong += kiln_vm_rollback(&snapshot) != 0;
            kiln_delay_for(200000);
            wrong += kiln_vm_snapshot_end(&snapshot) != 0;
        }
        __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
        TAP_EQUAL(wrong, 0);
        return;
    }
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
        for (unsigned n = 0; n < PAGES; n++)
            *(volatile uint32_t *)&page(n)[cpu] = cpu;
}

static void test_while_written(void)
{
    unsigned wrong = 0;
    on_all(write_or_snapshot);
    for (unsigned n = 0; n < PAGES; n++)
        for (unsigned cpu = 1; cpu < CPUS; cpu++)
            wrong += page(n)[cpu] != cpu && page(n)[cpu] != 1;
    tap_check(wrong == 0, "a page holds what somebody wrote there");
}

static uint32_t failures; /* atomic */

/* Ranges of its own, where another CPU may have had one just before. */
static void use_ranges(unsigned cpu)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        void *start;
        uint32_t wrong = kiln_vm_reserve(4 * PAGE, 0, &start) != 0;
        if (wrong || kiln_vm_map(start, 4 * PAGE, KILN_VM_WRITE, round % 2) != 0) {
            __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
            return;
        }
        volatile uint32_t *words = start;
        for (unsigned n = 0; n < 4; n++) {
            wrong += words[n * PAGE / 4] != 0;
            words[n * PAGE / 4] = cpu + 1;
            wrong += words[n * PAGE / 4] != cpu + 1;
        }
        wrong += kiln_vm_release(start, 4 * PAGE) != 0;
        __atomic_add_fetch(&failures, wrong, __ATOMIC_RELAXED);
    }
}

int main(void)
{
    TAP_EQUAL(kiln_cpu_count(), CPUS);
    TAP_NEED(kiln_vm_reserve(PAGES * PAGE, 0, (void **)&range) == 0);
    TAP_NEED(kiln_vm_map(range, PAGES * PAGE, KILN_VM_WRITE, 0) == 0);
    on_all(count_up);
    TAP_EQUAL(seen_wrong(1), 0);
    test_rollback();
    test_while_written();
    on_all(use_ranges);
    TAP_EQUAL(failures, 0);
    TAP_EQUAL(kiln_vm_release(range, PAGES * PAGE), 0);
    return tap_done();
}
