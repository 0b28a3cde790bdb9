/*
 * The scheduler of four CPUs, which are threads of the process, under ThreadSanitizer: Kiln's
 * threads go from one to another, and do to each other all that threads can, at random. What a
 * mutex, a semaphore, a spinlock or joining keeps apart is plain memory, so that the sanitizer sees
 * whether they do.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

#define MACHINE_CPUS 4
#include <core/remote.h>
#include <kiln/mutex.h>
#include <kiln/semaphore.h>
#include "thread_machine.h"
#undef host_cpu

#define WORKERS    12
#define ROUNDS     2000
#define MUTEXES    3
#define SEMAPHORES 2
#define TOKENS     2
#define PRIORITIES 5
#define LOWEST     62

static _Thread_local struct host_cpu cpu_here;
static uint32_t interrupts[MACHINE_CPUS]; /* atomic: 1: one is pending */

/* The machine. */

__attribute__((noinline)) struct host_cpu *host_cpu_here(void)
{
    struct host_cpu *cpu = &cpu_here;

    __asm__ volatile("" : "+r"(cpu));
    return cpu;
}

static void machine_tell(void)
{
}

_Noreturn void host_halt(void)
{
    kiln_panic("a CPU has stopped");
}

uint64_t host_counter(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void irq_send_ipi(unsigned cpu)
{
    __atomic_store_n(&interrupts[cpu], 1, __ATOMIC_RELEASE);
}

static bool is_alarm_due(void)
{
    return host_cpu_here()->alarm_on && host_cpu_here()->alarm <= host_counter();
}

static bool is_pending(void)
{
    return __atomic_load_n(&interrupts[host_cpu_here()->id], __ATOMIC_RELAXED) || is_alarm_due();
}

static void handle(void)
{
    if (__atomic_exchange_n(&interrupts[host_cpu_here()->id], 0, __ATOMIC_ACQUIRE))
        core_remote_serve();
    if (is_alarm_due())
        __atomic_load_n(&machine_alarm, __ATOMIC_RELAXED)(NULL);
}

void host_take_interrupts(void)
{
    void (*instead)(void);

    while (is_pending()) {
        host_cpu_here()->in_interrupt = host_cpu_here()->irqs_off = true;
        handle();
        host_cpu_here()->in_interrupt = false;
        instead = arch_percpu()->reschedule;
        if (instead)
            instead();
        host_cpu_here()->irqs_off = false;
    }
}

void host_idle(void)
{
    while (!is_pending())
        sched_yield();
    host_take_interrupts();
}

static void *run_cpu(void *argument)
{
    unsigned cpu = (unsigned)(uintptr_t)argument;
    struct percpu *percpu = core_percpu(cpu);

    *host_cpu_here() = (struct host_cpu){
        .id = cpu,
        .thread = percpu->idle_thread,
        .percpu = percpu,
        .irqs_off = true,
        .stack_bytes = MACHINE_STACK_BYTES,
    };
    core_idle_loop();
}

static void start_cpus(void)
{
    static struct run_queue run_queues[MACHINE_CPUS];
    static struct kiln_thread idle[MACHINE_CPUS];
    pthread_t thread;

    machine_begin();
    for (unsigned cpu = 1; cpu < MACHINE_CPUS; cpu++) {
        core_percpu(cpu)->cpu = cpu;
        machine_begin_cpu(core_percpu(cpu), &run_queues[cpu], &idle[cpu]);
    }
    for (uintptr_t cpu = 1; cpu < MACHINE_CPUS; cpu++)
        pthread_create(&thread, NULL, run_cpu, (void *)cpu);
}

/* Words of one CPU that others look at, to guess; and one that is only compared with a limit. */
const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
    return "race:looks_busy\nrace:core_idle_cpus\nrace:trim_spares\n";
}

const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
    return "history_size=7";
}

/* The test. */

struct worker {
    struct kiln_thread *thread;
    uint64_t random;
    unsigned children;
};

static struct worker workers[WORKERS];
static struct kiln_mutex mutexes[MUTEXES];
static struct kiln_semaphore semaphores[SEMAPHORES];
static KILN_SEMAPHORE(start, 0);
static struct kiln_spinlock spinlock = KILN_SPINLOCK_INIT;
static const struct worker *holders[MUTEXES]; /* the mutex, as are: */
static unsigned locked[MUTEXES];
static unsigned spins;                                 /* the spinlock */
static uint32_t locks, violations, done, moved, ended; /* atomic */
static uint32_t waits[3];                              /* atomic: given, timed out, interrupted */

static void add(uint32_t *number)
{
    __atomic_fetch_add(number, 1, __ATOMIC_RELAXED);
}

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    add(&violations);
    printf("# violated: %s\n", what);
}

static unsigned below(struct worker *self, unsigned limit)
{
    self->random = self->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(self->random >> 33) % limit;
}

static int64_t soon(struct worker *self)
{
    return kiln_time_after(below(self, 100000));
}

static void note_result(int result)
{
    must(result == 0 || result == -ETIMEDOUT || result == -EINTR, "a wait's result");
    add(&waits[result == 0 ? 0 : result == -ETIMEDOUT ? 1 : 2]);
}

static void use_mutex(struct worker *self, unsigned first)
{
    unsigned mutex = first + below(self, MUTEXES - first);
    int result = below(self, 2) ? kiln_mutex_lock(&mutexes[mutex])
                                : kiln_mutex_lock_until(&mutexes[mutex], soon(self));

    note_result(result);
    if (result)
        return;
    must(!holders[mutex], "one holds a mutex");
    holders[mutex] = self;
    locked[mutex]++;
    if (below(self, 4) == 0)
        note_result(kiln_sleep_for(below(self, 50000)));
    if (mutex + 1 < MUTEXES && below(self, 2))
        use_mutex(self, mutex + 1);
    must(holders[mutex] == self, "the same still does");
    holders[mutex] = NULL;
    add(&locks);
    must(kiln_mutex_unlock(&mutexes[mutex]) == 0, "the holder unlocks");
}

static void use_semaphore(struct worker *self)
{
    struct kiln_semaphore *semaphore = &semaphores[below(self, SEMAPHORES)];
    int result = below(self, 2) ? kiln_semaphore_wait(semaphore)
                                : kiln_semaphore_wait_until(semaphore, soon(self));

    note_result(result);
    if (below(self, 4) == 0)
        note_result(kiln_sleep_for(below(self, 50000)));
    if (result == 0)
        kiln_semaphore_post(semaphore);
}

static void use_spinlock(struct worker *self)
{
    uintptr_t state = kiln_spin_lock(&spinlock);

    spins++;
    if (kiln_semaphore_try(&semaphores[0]) == 0)
        kiln_semaphore_post(&semaphores[0]);
    kiln_spin_unlock(&spinlock, state);
    if (below(self, 2))
        kiln_thread_yield();
}

static struct kiln_thread *create(int priority, void *(*function)(void *argument), void *argument)
{
    const struct kiln_thread_attributes attributes = {
        .stack_bytes = MACHINE_STACK_BYTES,
        .priority = priority,
    };
    struct kiln_thread *thread = NULL;

    if (kiln_thread_create(&thread, &attributes, function, argument))
        kiln_panic("no thread");
    return thread;
}

static void *be_child(void *argument)
{
    struct worker *parent = argument;

    parent->children++; /* who joins it looks */
    return below(parent, 2) ? argument : (kiln_sleep_until(KILN_FOREVER), NULL);
}

static void have_child(struct worker *self)
{
    unsigned before = self->children;
    struct kiln_thread *child;
    void *result;

    child = create(LOWEST + PRIORITIES, be_child, self);
    if (kiln_thread_join_until(child, &result, kiln_time_after(10000000))) {
        kiln_thread_cancel(child);
        while (kiln_thread_join(child, &result))
            ;
    }
    must(result == self || result == KILN_CANCELLED, "a child's result");
    must(self->children == before + 1 || result == KILN_CANCELLED, "a child has run");
    add(&ended);
}

static void ask_somebody(struct worker *self)
{
    struct kiln_thread *other = workers[below(self, WORKERS)].thread;

    switch (below(self, 6)) {
    case 0:
        kiln_thread_suspend(other);
        break;
    case 1:
        kiln_thread_set_priority(other, (int)(LOWEST + below(self, PRIORITIES)));
        break;
    case 2:
        kiln_thread_interrupt(other);
        break;
    case 3:
        kiln_thread_set_cpus(other, 1 + below(self, (1u << MACHINE_CPUS) - 1));
        add(&moved);
        break;
    default:
        kiln_thread_resume(other);
    }
}

static void stay(struct worker *self)
{
    kiln_scheduler_lock();
    kiln_thread_set_threshold((int)below(self, KILN_PRIORITIES));
    if (kiln_semaphore_try(&semaphores[1]) == 0)
        kiln_semaphore_post(&semaphores[1]);
    kiln_scheduler_unlock();
    kiln_thread_set_threshold(0);
}

static void *work(void *argument)
{
    struct worker *self = argument;

    kiln_semaphore_wait(&start);
    for (unsigned round = 0; round < ROUNDS; round++) {
        switch (below(self, 8)) {
        case 0:
        case 1:
            use_mutex(self, 0);
            break;
        case 2:
            use_semaphore(self);
            break;
        case 3:
            use_spinlock(self);
            break;
        case 4:
            if (round % 8 == 0)
                have_child(self);
            break;
        case 5:
            stay(self);
            break;
        default:
            ask_somebody(self);
        }
    }
    add(&done);
    return self;
}

/* Starts them, and resumes who is suspended, until all are done. */
static void run_workers(void)
{
    for (unsigned n = 0; n < WORKERS; n++) {
        workers[n].random = test_random();
        workers[n].thread = create((int)(LOWEST + n % PRIORITIES), work, &workers[n]);
    }
    for (unsigned n = 0; n < WORKERS; n++)
        kiln_semaphore_post(&start);
    while (__atomic_load_n(&done, __ATOMIC_RELAXED) < WORKERS) {
        for (unsigned n = 0; n < WORKERS; n++)
            kiln_thread_resume(workers[n].thread);
        kiln_sleep_for(100000);
    }
    for (unsigned n = 0; n < WORKERS; n++) {
        kiln_thread_resume(workers[n].thread);
        must(kiln_thread_join(workers[n].thread, NULL) == 0, "a thread is joined");
    }
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 22);
    start_cpus();
    core_main_thread.cpus = 1;
    kiln_thread_set_priority(&core_main_thread, LOWEST + PRIORITIES + 1);
    for (unsigned n = 0; n < MUTEXES; n++)
        kiln_mutex_init(&mutexes[n]);
    for (unsigned n = 0; n < SEMAPHORES; n++)
        kiln_semaphore_init(&semaphores[n], TOKENS);
    run_workers();
    for (unsigned n = 0; n < SEMAPHORES; n++)
        TAP_EQUAL(kiln_semaphore_count(&semaphores[n]), TOKENS);
    printf("# %u locks, %u given, %u timed out, %u interrupted, %u moved, %u ended\n", locks,
           waits[0], waits[1], waits[2], moved, ended);
    TAP_EQUAL(violations, 0);
    TAP_EQUAL(locked[0] + locked[1] + locked[2], locks);
    TAP_CHECK(spins > 0 && waits[0] > 0 && waits[1] > 0 && waits[2] > 0 && ended > 0);
    exit(tap_done());
}
