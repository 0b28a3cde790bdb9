/* Creating threads, ending them and waiting for that, their data, and what is told of them. */
#include "thread_order.h"

static KILN_SEMAPHORE(go, 0);
static KILN_MUTEX(mutex);

static void *returns(void *argument)
{
    return argument;
}

static void *exits(void *argument)
{
    kiln_thread_exit(argument);
}

static void *waits(void *unused)
{
    (void)unused;
    return (void *)(intptr_t)kiln_semaphore_wait(&go);
}

static int create(const struct kiln_thread_attributes *attributes)
{
    struct kiln_thread *thread = NULL;
    int error = kiln_thread_create(&thread, attributes, returns, NULL);

    if (error == 0)
        end_of(thread);
    return error;
}

static void test_attributes(void)
{
    static char stack[4096] __attribute__((aligned(16)));

    TAP_EQUAL(create(KILN_THREAD_ATTRIBUTES(.priority = -1)), -EINVAL);
    TAP_EQUAL(create(KILN_THREAD_ATTRIBUTES(.priority = KILN_PRIORITIES)), -EINVAL);
    TAP_EQUAL(create(KILN_THREAD_ATTRIBUTES(.threshold = -1)), -EINVAL);
    TAP_EQUAL(create(KILN_THREAD_ATTRIBUTES(.threshold = KILN_PRIORITIES)), -EINVAL);
    TAP_EQUAL(create(KILN_THREAD_ATTRIBUTES(.stack_bytes = KILN_STACK_LEAST - 1)), -EINVAL);
    TAP_EQUAL(create(KILN_THREAD_ATTRIBUTES(.stack_bytes = KILN_STACK_BYTES_MOST + 1)), -EINVAL);
    TAP_EQUAL(create(KILN_THREAD_ATTRIBUTES(.stack_bytes = SIZE_MAX)), -EINVAL);
    TAP_EQUAL(create(KILN_THREAD_ATTRIBUTES(.stack = stack + 8, .stack_bytes = 4000)), -EINVAL);
    TAP_EQUAL(create(KILN_THREAD_ATTRIBUTES(.cpus = 1u << 31)), -EINVAL);
    TAP_EQUAL(create(KILN_THREAD_ATTRIBUTES(.cpus = 1u << 31 | 1)), 0);
    TAP_EQUAL(create(KILN_THREAD_ATTRIBUTES(.priority = 0)), 0);
    TAP_EQUAL(create(KILN_THREAD_ATTRIBUTES(.priority = KILN_PRIORITIES - 1)), 0);
    TAP_EQUAL(create(NULL), 0);
}

/* What a thread sees of itself. */
static struct {
    struct kiln_thread *self;
    uintptr_t place;
    int priority;
    const char *name;
} seen;

static void *looks(void *argument)
{
    char here;

    seen.self = kiln_thread_self();
    seen.place = (uintptr_t)&here;
    seen.priority = kiln_thread_priority(seen.self);
    seen.name = kiln_thread_name(seen.self);
    return argument;
}

static void test_creation(void)
{
    static char stack[8192] __attribute__((aligned(16)));
    struct kiln_thread *thread = NULL;

    TAP_EQUAL(kiln_thread_create(&thread, NULL, looks, stack), 0);
    TAP_CHECK(thread && end_of(thread) == stack);
    TAP_CHECK(seen.self == thread);
    TAP_EQUAL(seen.priority, BASE);
    TAP_CHECK(strcmp(seen.name, "thread") == 0);
    thread = BEGIN(looks, NULL, .name = "own", .stack = stack, .stack_bytes = sizeof stack,
                   .priority = BASE + 3);
    TAP_CHECK(seen.self == thread && seen.place - (uintptr_t)stack < sizeof stack);
    TAP_EQUAL(seen.priority, BASE + 3);
    TAP_CHECK(strcmp(seen.name, "own") == 0);
    check_end(thread);
    thread = BEGIN(looks, NULL, .stack = stack, .stack_bytes = KILN_STACK_LEAST);
    check_end(thread);
    TAP_CHECK(seen.place - (uintptr_t)stack < KILN_STACK_LEAST);
}

static void *digs(void *argument)
{
    volatile char pit[2000];

    for (unsigned i = 0; i < sizeof pit; i++)
        pit[i] = 1;
    kiln_semaphore_wait(&go);
    return argument;
}

static void test_paint(void)
{
    struct kiln_thread *thread = BEGIN(digs, NULL, .is_painted = true, .priority = BASE + 1);
    struct kiln_thread_info info;

    kiln_thread_get_info(thread, &info);
    TAP_EQUAL(info.stack_bytes, 4096);
    TAP_CHECK(info.stack_used_bytes > 2000 && info.stack_used_bytes < 3000);
    kiln_semaphore_post(&go);
    check_end(thread);
    thread = BEGIN(waits, NULL, .is_painted = true, .priority = BASE + 1);
    kiln_thread_get_info(thread, &info);
    TAP_CHECK(info.stack_used_bytes > 0 && info.stack_used_bytes < 1500);
    kiln_semaphore_post(&go);
    check_end(thread);
    thread = BEGIN(waits, NULL, .priority = BASE + 1);
    kiln_thread_get_info(thread, &info);
    TAP_EQUAL(info.stack_used_bytes, 0);
    kiln_semaphore_post(&go);
    check_end(thread);
}

static struct kiln_thread *target;

static void *joins(void *unused)
{
    (void)unused;
    return (void *)(intptr_t)kiln_thread_join(target, NULL);
}

static void test_join(void)
{
    void *result = NULL;
    int64_t deadline;

    TAP_EQUAL(kiln_thread_join(kiln_thread_self(), NULL), -EDEADLK);
    target = BEGIN(exits, &go, .priority = BASE - 1);
    TAP_EQUAL(kiln_thread_join_until(target, &result, KILN_NOWAIT), -EBUSY);
    TAP_EQUAL(kiln_thread_join(target, &result), 0);
    TAP_CHECK(result == &go);
    target = BEGIN(exits, &go, .priority = BASE + 1);
    TAP_EQUAL(kiln_thread_join_until(target, &result, KILN_NOWAIT), 0);
    target = BEGIN(waits, NULL, .priority = BASE + 1);
    deadline = kiln_time_after(KILN_MILLISECONDS(2));
    TAP_EQUAL(kiln_thread_join_until(target, &result, deadline), -ETIMEDOUT);
    TAP_CHECK(kiln_time_now() >= deadline);
    kiln_semaphore_post(&go);
    TAP_EQUAL(kiln_thread_join_until(target, NULL, kiln_time_after(KILN_SECONDS(5))), 0);
}

/* Who gives up joining a thread, in any way, leaves it to others. */
static void test_joiners(void)
{
    struct kiln_thread *joiner;

    target = BEGIN(waits, NULL, .priority = BASE + 1);
    joiner = BEGIN(joins, NULL, .priority = BASE + 1);
    TAP_EQUAL(kiln_thread_join(target, NULL), -EINVAL);
    TAP_EQUAL(kiln_thread_join_until(target, NULL, KILN_NOWAIT), -EINVAL);
    TAP_EQUAL(kiln_thread_detach(target), -EINVAL);
    TAP_EQUAL(kiln_thread_interrupt(joiner), 0);
    TAP_EQUAL((intptr_t)end_of(joiner), -EINTR);
    joiner = BEGIN(joins, NULL, .priority = BASE + 1);
    TAP_EQUAL(kiln_thread_cancel(joiner), 0);
    TAP_CHECK(end_of(joiner) == KILN_CANCELLED);
    joiner = BEGIN(joins, NULL, .priority = BASE - 1);
    TAP_EQUAL(kiln_thread_cancel(joiner), 0);
    TAP_CHECK(end_of(joiner) == KILN_CANCELLED);
    TAP_EQUAL(kiln_thread_join_until(target, NULL, KILN_NOWAIT), -EBUSY);
    joiner = BEGIN(joins, NULL, .priority = BASE + 1);
    kiln_semaphore_post(&go);
    TAP_EQUAL((intptr_t)end_of(joiner), 0);
}

static void *detaches_itself(void *unused)
{
    (void)unused;
    TAP_EQUAL(kiln_thread_detach(kiln_thread_self()), 0);
    kiln_semaphore_wait(&go);
    note('e');
    return NULL;
}

static void test_detach(void)
{
    struct kiln_thread *thread = BEGIN(detaches_itself, NULL, .priority = BASE + 1);
    uint64_t id = kiln_thread_id(thread);

    TAP_EQUAL(kiln_thread_detach(thread), -EINVAL);
    TAP_EQUAL(kiln_thread_join(thread, NULL), -EINVAL);
    TAP_CHECK(kiln_thread_find(id) == thread);
    kiln_semaphore_post(&go);
    check_order("e");
    TAP_CHECK(kiln_thread_find(id) == NULL);
    thread = BEGIN(returns, NULL, .priority = BASE + 1);
    id = kiln_thread_id(thread);
    TAP_EQUAL(state_of(thread), KILN_THREAD_FINISHED);
    TAP_CHECK(kiln_thread_find(id) == thread);
    TAP_EQUAL(kiln_thread_detach(thread), 0);
    TAP_CHECK(kiln_thread_find(id) == NULL);
    thread = BEGIN(returns, NULL, .is_detached = true, .priority = BASE - 1);
    TAP_EQUAL(kiln_thread_join_until(thread, NULL, KILN_NOWAIT), -EINVAL);
    kiln_sleep_for(KILN_MILLISECONDS(1));
    TAP_EQUAL(kiln_thread_create(NULL, KILN_THREAD_ATTRIBUTES(.is_detached = true), returns, NULL),
              0);
    kiln_sleep_for(KILN_MILLISECONDS(1));
}

static void test_ids(void)
{
    uint64_t last = kiln_thread_id(kiln_thread_self());

    TAP_CHECK(kiln_thread_find(last) == kiln_thread_self());
    TAP_CHECK(kiln_thread_find(0) == NULL);
    for (unsigned i = 0; i < 5; i++) {
        struct kiln_thread *thread = BEGIN(returns, NULL, .priority = BASE);
        uint64_t id = kiln_thread_id(thread);

        TAP_CHECK(id > last && kiln_thread_find(id) == thread);
        check_end(thread);
        TAP_CHECK(kiln_thread_find(id) == NULL);
        last = id;
    }
}

static unsigned first_key, second_key;

static void destroy_first(void *data)
{
    note('f');
    TAP_CHECK(data == &first_key && kiln_thread_data(first_key) == NULL);
    if (order_length == 1)
        kiln_thread_set_data(first_key, data);
}

/* It may wait: also when its thread was cancelled. */
static void destroy_second(void *data)
{
    note('s');
    TAP_CHECK(data == &second_key);
    TAP_EQUAL(kiln_sleep_for(KILN_MICROSECONDS(100)), 0);
    note('t');
}

static void *has_data(void *unused)
{
    TAP_CHECK(kiln_thread_data(first_key) == NULL);
    kiln_thread_set_data(first_key, &first_key);
    kiln_thread_set_data(second_key, &second_key);
    TAP_CHECK(kiln_thread_data(first_key) == &first_key);
    kiln_semaphore_wait(&go);
    return unused;
}

static void test_data(void)
{
    unsigned keys[KILN_THREAD_DATA], count = 0, none = 77;

    TAP_EQUAL(kiln_thread_set_data(0, &go), -EINVAL);
    TAP_EQUAL(kiln_thread_set_data(KILN_THREAD_DATA, &go), -EINVAL);
    TAP_CHECK(kiln_thread_data(KILN_THREAD_DATA) == NULL);
    TAP_EQUAL(kiln_thread_key_create(&first_key, destroy_first), 0);
    TAP_EQUAL(kiln_thread_key_create(&second_key, destroy_second), 0);
    kiln_thread_set_data(first_key, &go);
    for (unsigned is_cancelled = 0; is_cancelled < 2; is_cancelled++) {
        struct kiln_thread *thread = BEGIN(has_data, NULL, .priority = BASE + 1);

        if (is_cancelled)
            kiln_thread_cancel(thread);
        else
            kiln_semaphore_post(&go);
        TAP_CHECK(end_of(thread) == (is_cancelled ? KILN_CANCELLED : NULL));
        check_order("fstf");
    }
    TAP_CHECK(kiln_thread_data(first_key) == &go);
    TAP_EQUAL(kiln_thread_key_delete(first_key), 0);
    TAP_EQUAL(kiln_thread_key_delete(first_key), -EINVAL);
    TAP_EQUAL(kiln_thread_key_delete(KILN_THREAD_DATA), -EINVAL);
    while (count < KILN_THREAD_DATA && kiln_thread_key_create(&keys[count], NULL) == 0)
        count++;
    TAP_EQUAL(count, KILN_THREAD_DATA - 1);
    TAP_EQUAL(kiln_thread_key_create(&none, NULL), -EAGAIN);
    TAP_EQUAL(none, 77);
    TAP_CHECK(kiln_thread_data(first_key) == NULL);
    while (count-- > 0)
        kiln_thread_key_delete(keys[count]);
    TAP_EQUAL(kiln_thread_key_delete(second_key), 0);
}

static void *sleeps(void *unused)
{
    kiln_sleep_until(KILN_FOREVER);
    return unused;
}

static void *locks(void *unused)
{
    kiln_mutex_lock(&mutex);
    kiln_mutex_unlock(&mutex);
    return unused;
}

static void is_blocked_on(const struct kiln_thread *thread, const char *what)
{
    struct kiln_thread_info info;

    kiln_thread_get_info(thread, &info);
    TAP_EQUAL(info.state, KILN_THREAD_BLOCKED);
    tap_check(info.waits_for && strcmp(info.waits_for, what) == 0, what);
}

static void is_in(const struct kiln_thread *thread, enum kiln_thread_state state, const char *name)
{
    TAP_EQUAL(state_of(thread), state);
    tap_check(strcmp(kiln_thread_state_name(state), name) == 0, name);
}

static void test_waiting_states(void)
{
    struct kiln_thread *joiner, *sleeper = BEGIN(sleeps, NULL, .priority = BASE + 1);

    kiln_mutex_lock(&mutex);
    target = BEGIN(locks, NULL, .priority = BASE + 1);
    joiner = BEGIN(joins, NULL, .priority = BASE + 2);
    is_blocked_on(target, "mutex");
    is_blocked_on(joiner, "end of a thread");
    is_in(sleeper, KILN_THREAD_SLEEPING, "sleeping");
    kiln_mutex_unlock(&mutex);
    is_in(target, KILN_THREAD_FINISHED, "finished");
    check_end(joiner);
    TAP_EQUAL(kiln_thread_interrupt(sleeper), 0);
    check_end(sleeper);
}

static void test_states(void)
{
    struct kiln_thread *thread = BEGIN(waits, NULL, .priority = BASE - 1, .is_suspended = true);

    is_in(kiln_thread_self(), KILN_THREAD_RUNNING, "running");
    is_in(thread, KILN_THREAD_NEW, "new");
    kiln_thread_resume(thread);
    is_in(thread, KILN_THREAD_READY, "ready");
    kiln_thread_set_priority(thread, BASE + 1);
    is_blocked_on(thread, "semaphore");
    kiln_thread_suspend(thread);
    is_in(thread, KILN_THREAD_SUSPENDED, "suspended");
    kiln_semaphore_post(&go);
    is_in(thread, KILN_THREAD_SUSPENDED, "suspended");
    kiln_thread_resume(thread);
    is_in(thread, KILN_THREAD_FINISHED, "finished");
    check_end(thread);
    TAP_CHECK(kiln_thread_state_name((enum kiln_thread_state)99) != NULL);
    test_waiting_states();
}

static void test_list(void)
{
    struct kiln_thread_info infos[3], none;
    unsigned before = kiln_thread_list_info(&none, 0);
    struct kiln_thread *first = BEGIN(waits, NULL, .priority = BASE - 1, .name = "first");
    struct kiln_thread *second = BEGIN(waits, NULL, .priority = BASE - 2, .name = "second");

    TAP_EQUAL(kiln_thread_list_info(infos, 3), before + 2);
    TAP_CHECK(infos[0].id == kiln_thread_id(second) && strcmp(infos[0].name, "second") == 0);
    TAP_CHECK(infos[1].id == kiln_thread_id(first) && infos[1].priority == BASE - 1);
    TAP_EQUAL(infos[1].cpu, 0);
    TAP_CHECK(infos[2].id == kiln_thread_id(kiln_thread_self()));
    TAP_EQUAL(infos[2].state, KILN_THREAD_RUNNING);
    kiln_semaphore_post(&go);
    kiln_semaphore_post(&go);
    check_end(first);
    check_end(second);
    TAP_EQUAL(kiln_thread_list_info(NULL, 0), before);
}

static void *yields(void *argument)
{
    const char *letter = argument;

    for (unsigned i = 0; i < 3; i++) {
        note(*letter);
        kiln_thread_yield();
    }
    return NULL;
}

static void test_yield(void)
{
    struct kiln_thread *threads[3];

    for (unsigned i = 0; i < 3; i++)
        threads[i] = BEGIN(yields, &"abc"[i], .priority = BASE);
    struct kiln_thread *lower = BEGIN(yields, "l", .priority = BASE - 1);

    for (unsigned i = 0; i < 3; i++) {
        note('m');
        kiln_thread_yield();
    }
    note('m');
    check_order("mabcmabcmabcm");
    for (unsigned i = 0; i < 3; i++)
        check_end(threads[i]);
    check_end(lower);
    check_order("lll");
    struct kiln_thread *equal = BEGIN(yields, "e", .priority = BASE);
    uintptr_t state = kiln_irq_save();

    kiln_thread_yield();
    check_order("");
    kiln_irq_restore(state);
    check_end(equal);
    check_order("eee");
}

static void *tests(void *unused)
{
    test_attributes();
    test_creation();
    test_paint();
    test_join();
    test_joiners();
    test_detach();
    test_ids();
    test_data();
    test_states();
    test_list();
    test_yield();
    return unused;
}

int main(void)
{
    return run_on_first_cpu(tests);
}
