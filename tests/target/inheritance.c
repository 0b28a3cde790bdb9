/*
 * Priority inheritance: through chains of mutexes, owners that are ready, wait or are suspended,
 * taken back by time-outs and unlocking, with priorities that change meanwhile, and from CPU to
 * CPU.
 */
#include "thread_order.h"

#define LINKS 3

static struct kiln_mutex mutexes[LINKS + 1];
static KILN_SEMAPHORE(go, 0);

static int effective(const struct kiln_thread *thread)
{
    struct kiln_thread_info info;

    kiln_thread_get_info(thread, &info);
    return info.priority;
}

static void is_at(const struct kiln_thread *thread, int priority)
{
    TAP_EQUAL(effective(thread), priority);
}

/* Holds the first until `go`; the others the one of their number, and want the one before. */
static void *is_link(void *argument)
{
    struct kiln_mutex *own = argument;

    kiln_mutex_lock(own);
    if (own == mutexes)
        kiln_semaphore_wait(&go);
    else
        kiln_mutex_lock(own - 1);
    note((char)('0' + (own - mutexes)));
    if (own != mutexes)
        kiln_mutex_unlock(own - 1);
    kiln_mutex_unlock(own);
    return NULL;
}

static void *wants_last(void *unused)
{
    kiln_mutex_lock(&mutexes[LINKS - 1]);
    note('h');
    kiln_mutex_unlock(&mutexes[LINKS - 1]);
    return unused;
}

static struct kiln_thread *links[LINKS];

/* Link 0 has the lowest priority, and those above it wait for those below. */
static void begin_chain(void)
{
    for (int i = 0; i < LINKS; i++)
        links[i] = BEGIN(is_link, &mutexes[i], .priority = BASE + 1 + i);
    for (int i = 0; i < LINKS; i++)
        is_at(links[i], BASE + LINKS);
}

static void end_chain(void)
{
    for (int i = 0; i < LINKS; i++)
        check_end(links[i]);
}

static void test_chain(void)
{
    begin_chain();
    struct kiln_thread *high = BEGIN(wants_last, NULL, .priority = BASE + 20);

    for (int i = 0; i < LINKS; i++) {
        is_at(links[i], BASE + 20);
        TAP_EQUAL(kiln_thread_priority(links[i]), BASE + 1 + i);
    }
    kiln_semaphore_post(&go);
    check_order("012h");
    end_chain();
    check_end(high);
}

static void test_chain_changes(void)
{
    begin_chain();
    struct kiln_thread *high = BEGIN(wants_last, NULL, .priority = BASE + 20);

    TAP_EQUAL(kiln_thread_set_priority(high, BASE + 30), 0);
    is_at(links[0], BASE + 30);
    kiln_thread_set_priority(high, 1);
    is_at(links[0], BASE + LINKS);
    kiln_thread_set_priority(links[1], BASE + 40);
    is_at(links[0], BASE + 40);
    is_at(links[1], BASE + 40);
    is_at(links[2], BASE + LINKS);
    kiln_thread_set_priority(links[0], BASE + 50);
    is_at(links[0], BASE + 50);
    kiln_thread_set_priority(links[0], BASE - 5);
    is_at(links[0], BASE + 40);
    kiln_semaphore_post(&go);
    end_chain();
    check_end(high);
    check_order("012h");
}

/* Waits in turn for what it inherits from, in the order of what it has got by then. */
static void test_suspended_owner(void)
{
    begin_chain();
    kiln_thread_suspend(links[0]);
    struct kiln_thread *high = BEGIN(wants_last, NULL, .priority = BASE + 20);

    is_at(links[0], BASE + 20);
    kiln_semaphore_post(&go);
    check_order("");
    kiln_thread_suspend(links[1]);
    kiln_thread_resume(links[0]);
    check_order("0");
    is_at(links[1], BASE + 20);
    TAP_EQUAL(state_of(links[1]), KILN_THREAD_SUSPENDED);
    kiln_thread_resume(links[1]);
    check_order("12h");
    end_chain();
    check_end(high);
}

/* Long enough for what is to be seen meanwhile; with one CPU time passes with instructions alone.
 */
static int64_t a_while(void)
{
    return KILN_MILLISECONDS(kiln_cpu_count() > 1 ? 300 : 20);
}

static void *wants_shortly(void *unused)
{
    TAP_EQUAL(kiln_mutex_lock_until(&mutexes[LINKS - 1], kiln_time_after(a_while())), -ETIMEDOUT);
    note('t');
    return unused;
}

/* Two wait, and give up one after the other. */
static void test_time_out(void)
{
    begin_chain();
    struct kiln_thread *high = BEGIN(wants_shortly, NULL, .priority = BASE + 20);

    is_at(links[0], BASE + 20);
    kiln_sleep_for(a_while() / 2);
    struct kiln_thread *higher = BEGIN(wants_shortly, NULL, .priority = BASE + 25);

    is_at(links[0], BASE + 25);
    check_end(high);
    is_at(links[0], BASE + 25);
    check_end(higher);
    is_at(links[0], BASE + LINKS);
    check_order("tt");
    kiln_semaphore_post(&go);
    check_order("012");
    end_chain();
}

static void *computes(void *unused)
{
    kiln_mutex_lock(&mutexes[0]);
    kiln_thread_yield();
    note('c');
    kiln_mutex_unlock(&mutexes[0]);
    note('d');
    return unused;
}

static void *wants_first(void *letter)
{
    kiln_mutex_lock(&mutexes[0]);
    note(*(char *)letter);
    kiln_mutex_unlock(&mutexes[0]);
    return NULL;
}

static void *is_between(void *unused)
{
    note('b');
    return unused;
}

/* The inversion itself: an owner that is ready runs before one between it and who wants it. */
static void test_ready_owner(void)
{
    struct kiln_thread *low = BEGIN(computes, NULL, .priority = BASE);

    kiln_thread_yield();
    kiln_scheduler_lock();
    struct kiln_thread *waiter = BEGIN(wants_first, "w", .priority = BASE + 20);
    struct kiln_thread *between = BEGIN(is_between, NULL, .priority = BASE + 10);

    check_order("");
    is_at(low, BASE);
    kiln_scheduler_unlock();
    check_order("cwbd");
    check_end(low);
    check_end(waiter);
    check_end(between);
}

/* Those that wait get it by priority, equals in their order; a change of it counts at once. */
static void test_order(void)
{
    static const char letters[] = "abcd";
    struct kiln_thread *waiters[4];

    kiln_mutex_lock(&mutexes[0]);
    for (int i = 0; i < 4; i++)
        waiters[i] = BEGIN(wants_first, &letters[i], .priority = BASE + (i == 2 ? 2 : 1));
    kiln_scheduler_lock();
    kiln_sleep_for(KILN_MILLISECONDS(1));
    kiln_scheduler_unlock();
    is_at(kiln_thread_self(), BASE + 2);
    kiln_thread_set_priority(waiters[3], BASE + 5);
    is_at(kiln_thread_self(), BASE + 5);
    kiln_mutex_unlock(&mutexes[0]);
    check_order("dcab");
    is_at(kiln_thread_self(), BASE);
    for (int i = 0; i < 4; i++)
        check_end(waiters[i]);
}

/* What several mutexes give is taken back one by one. */
static void test_several(void)
{
    static const char letters[] = "xy";
    struct kiln_thread *waiters[2];

    kiln_mutex_lock(&mutexes[LINKS - 1]);
    kiln_mutex_lock(&mutexes[0]);
    waiters[0] = BEGIN(wants_first, &letters[0], .priority = BASE + 5);
    waiters[1] = BEGIN(wants_last, NULL, .priority = BASE + 9);
    is_at(kiln_thread_self(), BASE + 9);
    kiln_mutex_unlock(&mutexes[LINKS - 1]);
    is_at(kiln_thread_self(), BASE + 5);
    TAP_EQUAL(kiln_thread_priority(kiln_thread_self()), BASE);
    kiln_mutex_unlock(&mutexes[0]);
    is_at(kiln_thread_self(), BASE);
    check_order("hx");
    check_end(waiters[0]);
    check_end(waiters[1]);
}

/* Whether it comes to that within a while: other CPUs hear of it a little later. */
static bool comes_to(const struct kiln_thread *thread, int priority)
{
    int64_t deadline = kiln_time_after(KILN_SECONDS(10));

    while (effective(thread) != priority && kiln_time_now() < deadline)
        kiln_sleep_for(KILN_MICROSECONDS(100));
    return effective(thread) == priority;
}

/* Whether it waits within a while: then it has what it took before. */
static bool comes_to_wait(const struct kiln_thread *thread)
{
    int64_t deadline = kiln_time_after(KILN_SECONDS(10));
    struct kiln_thread_info info;

    do {
        kiln_sleep_for(KILN_MICROSECONDS(100));
        kiln_thread_get_info(thread, &info);
    } while (info.state != KILN_THREAD_BLOCKED && kiln_time_now() < deadline);
    return info.state == KILN_THREAD_BLOCKED;
}

static void test_other_cpus(void)
{
    for (int i = 0; i < LINKS; i++) {
        links[i] = begin_thread(is_link, &mutexes[i],
                                KILN_THREAD_ATTRIBUTES(.cpus = 1u << (i + 1) % kiln_cpu_count(),
                                                       .priority = BASE + 1 + i));
        TAP_CHECK(comes_to_wait(links[i]));
        TAP_CHECK(comes_to(links[0], BASE + 1 + i));
    }
    struct kiln_thread *high = BEGIN(wants_last, NULL, .priority = BASE + 20);

    for (int i = 0; i < LINKS; i++)
        TAP_CHECK(comes_to(links[i], BASE + 20));
    kiln_thread_set_priority(high, BASE + 30);
    TAP_CHECK(comes_to(links[0], BASE + 30));
    struct kiln_thread *shortly = BEGIN(wants_shortly, NULL, .priority = BASE + 40);

    TAP_CHECK(comes_to(links[0], BASE + 30));
    check_end(shortly);
    kiln_semaphore_post(&go);
    end_chain();
    check_end(high);
    check_order("t012h");
}

static void *tests(void *unused)
{
    for (unsigned i = 0; i <= LINKS; i++)
        kiln_mutex_init(&mutexes[i]);
    test_chain();
    test_chain_changes();
    test_suspended_owner();
    test_time_out();
    test_ready_owner();
    test_order();
    test_several();
    if (kiln_cpu_count() > 1)
        test_other_cpus();
    return unused;
}

int main(void)
{
    return run_on_first_cpu(tests);
}
