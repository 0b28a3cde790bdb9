/*
 * The scheduler of one CPU as a process, against a model: threads do what a random number says,
 * the model is told first, and then has to know who goes on, with which result. Interrupts come
 * where the test lets them, time passes when nobody is ready or the test says so. A first number
 * on the command line is the seed of the only sequence.
 */
#include <kiln/spinlock.h>
#include "schedule_calls.h"

#define SEQUENCES 40

/* Sequences that once failed, and short ones. */
static const uint64_t saved_seeds[] = {1, 2, 40};

static struct kiln_spinlock spinlock = KILN_SPINLOCK_INIT;

/* What the running thread does. */

static void yield(int id)
{
    note(id, "yields");
    list_take(&model.ready, id);
    list_append(&model.ready, id);
    model.running = NOBODY;
    settle(id, 0);
    kiln_thread_yield();
    returns(id, 0, "yield");
}

static void wait(int id)
{
    int semaphore = below(MODEL_SEMAPHORES), result = model_semaphore_try(semaphore);
    int64_t deadline = one_in(8) ? KILN_NOWAIT : any_deadline(id);

    note(id, "waits for semaphore %d until %lld", semaphore, (long long)deadline);
    if (result && deadline != KILN_NOWAIT)
        model_wait(semaphore, deadline, true);
    settle(id, result);
    if (deadline == KILN_FOREVER && one_in(2))
        result = kiln_semaphore_wait(&semaphores[semaphore]);
    else
        result = kiln_semaphore_wait_until(&semaphores[semaphore], deadline);
    returns(id, result, "wait");
}

static bool holds(int id)
{
    for (int mutex = 0; mutex < MODEL_MUTEXES; mutex++)
        if (model.owner[mutex] == id)
            return true;
    return false;
}

static void set_cancellable(int id, bool is_cancellable)
{
    expect(kiln_thread_set_cancellable(is_cancellable) == !model_of(id)->uncancellable,
           "thread %d was cancellable", id);
    model_of(id)->uncancellable = !is_cancellable;
}

static int lock_by_a_call(struct kiln_mutex *mutex, int64_t deadline)
{
    if (deadline == KILN_NOWAIT && one_in(2))
        return kiln_mutex_try(mutex);
    if (deadline == KILN_FOREVER && one_in(2))
        return kiln_mutex_lock(mutex);
    return kiln_mutex_lock_until(mutex, deadline);
}

/* In one order, so that there is no deadlock; whoever holds one is not to be cancelled. */
static void lock(int id)
{
    int mutex = below(MODEL_MUTEXES), result;
    int64_t deadline = one_in(6) ? KILN_NOWAIT : any_deadline(id);

    for (int above = mutex; above < MODEL_MUTEXES; above++)
        if (model.owner[above] == id)
            return;
    note(id, "locks mutex %d until %lld", mutex, (long long)deadline);
    set_cancellable(id, false);
    result = model_mutex_try(mutex);
    if (result && deadline != KILN_NOWAIT)
        model_mutex_wait(mutex, deadline);
    settle(id, result);
    returns(id, lock_by_a_call(&mutexes[mutex], deadline), "lock");
    if (!holds(id))
        set_cancellable(id, true);
}

static void unlock(int id)
{
    int mutex = below(MODEL_MUTEXES);

    while (holds(id) && model.owner[mutex] != id)
        mutex = (mutex + 1) % MODEL_MUTEXES;
    if (!holds(id))
        return;
    note(id, "unlocks mutex %d", mutex);
    model_mutex_unlock(mutex);
    settle(id, 0);
    returns(id, kiln_mutex_unlock(&mutexes[mutex]), "unlock");
    if (!holds(id))
        set_cancellable(id, true);
}

/* What panics in a build with checks. */
static void misuse(int id)
{
    int mutex = below(MODEL_MUTEXES);

    note(id, "misuses mutex %d", mutex);
    if (!KILN_CONFIG_CHECKS && model.owner[mutex] != id)
        returns(id, kiln_mutex_unlock(&mutexes[mutex]) == -EPERM ? model_of(id)->result : 1,
                "unlock of another's");
    else if (!KILN_CONFIG_CHECKS)
        returns(id, kiln_mutex_lock(&mutexes[mutex]) == -EDEADLK ? model_of(id)->result : 1,
                "lock of one's own");
}

static void nap(int id)
{
    int64_t deadline = future(id);

    note(id, "sleeps until %lld", (long long)deadline);
    model_wait(QUEUE_END(id), deadline, true);
    settle(id, 0);
    returns(id, kiln_sleep_until(deadline), "sleep");
}

static void lock_scheduler(int id)
{
    note(id, "locks the scheduler");
    model_of(id)->locks++;
    kiln_scheduler_lock();
}

static void unlock_scheduler(int id)
{
    if (!model_of(id)->locks)
        return;
    note(id, "unlocks the scheduler");
    model_of(id)->locks--;
    settle(id, 0);
    kiln_scheduler_unlock();
    returns(id, 0, "unlock of the scheduler");
}

static void set_threshold(int id)
{
    int threshold = one_in(2) ? 0 : any_priority(), before = model_of(id)->threshold;

    note(id, "sets its threshold to %d", threshold);
    model_of(id)->threshold = threshold;
    settle(id, before);
    returns(id, kiln_thread_set_threshold(threshold), "threshold");
}

static void test_cancel(int id)
{
    if (!model_of(id)->cancelled || model_of(id)->uncancellable) {
        kiln_thread_test_cancel();
        return;
    }
    note(id, "is cancelled");
    model_of(id)->then = DIES;
    model_settle();
    kiln_thread_test_cancel();
    expect(false, "thread %d goes on, which is cancelled", id);
}

/* Posts with interrupts masked: whoever is woken runs afterwards. */
static void post_masked(int id)
{
    uintptr_t state = one_in(2) ? kiln_spin_lock(&spinlock) : 0;
    bool is_locked = state || arch_irqs_off();

    note(id, "masks interrupts");
    if (!is_locked)
        state = kiln_irq_save();
    for (int count = below(3); count > 0; count--) {
        int semaphore = below(MODEL_SEMAPHORES);

        note(id, "posts semaphore %d, masked", semaphore);
        model_semaphore_post(semaphore);
        kiln_semaphore_post(&semaphores[semaphore]);
        kiln_thread_yield();
        check_all();
    }
    settle(id, 0);
    if (is_locked)
        kiln_spin_unlock(&spinlock, state);
    else
        kiln_irq_restore(state);
    returns(id, 0, "unmasking");
}

static void *work(void *argument);

static void create(int id)
{
    int child = 0;
    struct kiln_thread_attributes attributes = {
        .priority = any_priority(),
        .threshold = one_in(5) ? any_priority() : 0,
        .is_detached = one_in(4),
        .is_suspended = one_in(6),
        .stack_bytes = MACHINE_STACK_BYTES,
    };

    while (child < MODEL_THREADS && model_of(child)->place != ABSENT)
        child++;
    if (child == MODEL_THREADS)
        return;
    note(id, "creates thread %d of priority %d, threshold %d%s%s", child, attributes.priority,
         attributes.threshold, attributes.is_detached ? ", detached" : "",
         attributes.is_suspended ? ", suspended" : "");
    model_create(child, attributes.priority, attributes.threshold);
    model_of(child)->detached = attributes.is_detached;
    model_of(child)->suspended = attributes.is_suspended;
    model_make_ready(child);
    settle(id, 0);
    returns(id, kiln_thread_create(&threads[child], &attributes, work, (void *)(intptr_t)child),
            "create");
}

/* The result of one that is not cancelled is its number. */
static void join_thread(int id, int other)
{
    int64_t deadline = any_deadline(id);
    bool may_wait = !one_in(4);
    void *value = threads;
    int result;

    note(id, "joins thread %d until %lld", other, may_wait ? (long long)deadline : 0);
    result = model_join(other, deadline, may_wait);
    settle(id, result);
    result = kiln_thread_join_until(threads[other], &value, may_wait ? deadline : KILN_NOWAIT);
    returns(id, result, "join");
    expect(result || value == (void *)(intptr_t)other || value == KILN_CANCELLED, "a result");
}

static void join(int id)
{
    join_thread(id, any_thread());
}

static void detach(int id)
{
    int other = any_thread();

    if (other == 0)
        return;
    note(id, "detaches thread %d", other);
    settle(id, model_detach(other));
    returns(id, kiln_thread_detach(threads[other]), "detach");
}

static void (*const of_thread[])(int id) = {
    do_anything,
    do_anything,
    do_anything,
    do_anything,
    yield,
    yield,
    wait,
    wait,
    wait,
    lock,
    lock,
    lock,
    unlock,
    unlock,
    nap,
    lock_scheduler,
    unlock_scheduler,
    unlock_scheduler,
    set_threshold,
    post_masked,
    create,
    create,
    join,
    detach,
    let_time_pass,
    misuse,
    test_cancel,
};

/* The end of a sequence: nobody holds anything back. */

static bool give_back(int id)
{
    if (model_of(id)->locks)
        unlock_scheduler(id);
    else if (holds(id))
        unlock(id);
    else
        return false;
    return true;
}

/* False: nothing is to be done for it. */
static bool help(int id, int other)
{
    struct model_thread *thread = model_of(other);

    if (thread->suspended && thread->place != ENDED)
        ask(id, "resumes", other, model_resume(other), kiln_thread_resume);
    else if (thread->place == WAITING && !model_waits_for_mutex(thread))
        ask(id, "interrupts", other, model_interrupt(other), kiln_thread_interrupt);
    else if (thread->place == ENDED && thread->joiner == NOBODY)
        join_thread(id, other);
    else
        return false;
    return true;
}

/* False: main() is alone. */
static bool finish(int id)
{
    bool is_alone = true;

    for (int other = 1; other < MODEL_THREADS; other++) {
        if (model_of(other)->place == ABSENT)
            continue;
        if (help(id, other))
            return true;
        is_alone = false;
    }
    if (!is_alone)
        nap(id);
    return !is_alone;
}

/* One step; false: the thread is to end. */
static bool step(int id)
{
    check_all();
    if (host_cpu.alarm_on && host_cpu.alarm <= host_cpu.counter) {
        be_interrupted(id, false);
        return true;
    }
    steps++;
    if (ends())
        return give_back(id) || (model_of(0)->suspended && help(id, 0)) || (id == 0 && finish(id));
    if (one_in(6))
        be_interrupted(id, one_in(2));
    else
        of_thread[below((int)(sizeof(of_thread) / sizeof(of_thread[0])))](id);
    return id == 0 || !one_in(60) || model_of(id)->locks || holds(id);
}

static void *work(void *argument)
{
    int id = (int)(intptr_t)argument;

    returns(id, model_of(id)->result, "create");
    while (step(id))
        ;
    note(id, "ends");
    model_exit(id);
    model_settle();
    return argument;
}

static void run_sequence(uint64_t from)
{
    seed = test_state = from;
    steps = note_count = 0;
    host_cpu.counter = (host_cpu.counter / UNIT + 1) * UNIT;
    memset(threads, 0, sizeof(threads));
    threads[0] = &core_main_thread;
    kiln_thread_set_threshold(0);
    kiln_thread_set_priority(threads[0], KILN_PRIORITY_DEFAULT);
    for (int n = 0; n < MODEL_MUTEXES; n++)
        kiln_mutex_init(&mutexes[n]);
    for (int n = 0; n < MODEL_SEMAPHORES; n++)
        kiln_semaphore_init(&semaphores[n], 0);
    model_begin(KILN_PRIORITY_DEFAULT);
    while (step(0))
        ;
}

int main(int argc, char **argv)
{
    uint64_t first;

    test_begin(argc, argv, 20);
    first = test_state;
    machine_begin();
    host_cpu.counter_hz = 1000000000;
    host_cpu.interrupt = take_interrupt;
    tick.expired = tick_expired;
    model_begin(KILN_PRIORITY_DEFAULT);
    core_timer_start(&tick, (uint64_t)future(UNIT - 1));
    if (argc > 1) {
        run_sequence(first);
    } else {
        for (unsigned i = 0; i < sizeof(saved_seeds) / sizeof(saved_seeds[0]); i++)
            run_sequence(saved_seeds[i]);
        for (unsigned i = 0; i < (getenv("KILN_LONG_TESTS") ? 20 : 1) * SEQUENCES; i++)
            run_sequence(first + i);
    }
    printf("# %llu calls, %llu returns, %llu interrupts\n", calls, switches, interrupts);
    TAP_CHECK(calls > STEPS);
    return tap_done();
}
