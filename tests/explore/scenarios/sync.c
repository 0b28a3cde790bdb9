/* Event flags, barriers, latches, waiting for words, notifications: nobody is left behind. */
#include <explore.h>

#include <errno.h>
#include <kiln/address.h>
#include <kiln/barrier.h>
#include <kiln/events.h>
#include <kiln/latch.h>
#include <kiln/notification.h>
#include <kiln/thread.h>
#include <kiln/time.h>

static KILN_EVENTS(events);
static KILN_BARRIER(barrier, 2);
static KILN_LATCH(latch, 2);
static uint32_t word;
static struct kiln_thread *notified;
static unsigned passed, lasts;

static void count(unsigned *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static void ended(int error)
{
    EXPLORE_CHECK(error == 0 || error == -ETIMEDOUT);
    if (error == 0)
        count(&passed);
}

/* Event flags. */

static void set_both(void *unused)
{
    (void)unused;
    kiln_events_set(&events, 1);
    kiln_events_set(&events, 2);
}

static void wait_all(void *unused)
{
    uint64_t got = 0;

    (void)unused;
    EXPLORE_CHECK(kiln_events_wait(&events, 3, KILN_EVENTS_ALL | KILN_EVENTS_CLEAR, &got) == 0);
    EXPLORE_CHECK(got == 3);
    count(&passed);
}

static void wait_any_until(void *unused)
{
    uint64_t got = 0;

    (void)unused;
    ended(kiln_events_wait_until(&events, 2, KILN_EVENTS_CLEAR, &got, 1000));
}

static void set_from_handler(void)
{
    kiln_events_set(&events, 2);
}

static void events_all(void)
{
    explore_name(&events, sizeof(events), "events");
    explore_thread("sets", 64, 0, set_both, NULL);
    explore_thread("waits", 64, 1, wait_all, NULL);
}

static void events_time_out(void)
{
    explore_name(&events, sizeof(events), "events");
    explore_thread("waits", 64, 0, wait_any_until, NULL);
    explore_thread("sets", 63, 0, set_both, NULL);
    explore_interrupt("sets", 0, set_from_handler);
}

static void all_cleared(void)
{
    EXPLORE_CHECK(passed == 1 && events.flags == 0);
}

/* The flag is there, or was taken: by the wait, once, or before it was set again. */
static void flag_kept(void)
{
    EXPLORE_CHECK((events.flags & ~UINT64_C(3)) == 0 && (events.flags & 1));
    EXPLORE_CHECK(passed == 1 || (events.flags & 2));
}

/* Barriers. */

static void meet_twice(void *unused)
{
    for (unsigned round = 0; round < 2; round++) {
        bool is_last;

        (void)unused;
        EXPLORE_CHECK(kiln_barrier_wait(&barrier, &is_last) == 0);
        if (is_last)
            count(&lasts);
    }
}

static void meet_until(void *unused)
{
    (void)unused;
    ended(kiln_barrier_wait_until(&barrier, NULL, 1000));
}

static void barrier_twice(void)
{
    explore_name(&barrier, sizeof(barrier), "barrier");
    explore_thread("first", 64, 0, meet_twice, NULL);
    explore_thread("second", 64, 1, meet_twice, NULL);
}

static void barrier_time_out(void)
{
    explore_name(&barrier, sizeof(barrier), "barrier");
    explore_thread("gives up", 64, 0, meet_until, NULL);
    explore_thread("too", 64, 1, meet_until, NULL);
}

static void one_last_each(void)
{
    EXPLORE_CHECK(lasts == 2 && barrier.arrived == 0 && barrier.rounds == 2);
}

static void both_or_none(void)
{
    EXPLORE_CHECK((passed == 0 || passed == 2) && barrier.arrived == 0 && !barrier.queue.first);
}

/* Latches. */

static void count_down(void *unused)
{
    (void)unused;
    EXPLORE_CHECK(kiln_latch_count_down(&latch, 1) == 0);
}

static void wait_open(void *unused)
{
    int error = kiln_latch_wait_until(&latch, 1000);

    (void)unused;
    ended(error);
    if (error == 0)
        EXPLORE_CHECK(kiln_latch_left(&latch) == 0);
}

static void latch_opens(void)
{
    explore_name(&latch, sizeof(latch), "latch");
    explore_thread("counts", 64, 0, count_down, NULL);
    explore_thread("counts too", 64, 1, count_down, NULL);
    explore_thread("waits", 65, 1, wait_open, NULL);
}

static void nobody_at_latch(void)
{
    EXPLORE_CHECK(!latch.queue.first);
}

/* Words. */

static void wait_word(void *unused)
{
    (void)unused;
    while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) == 0) {
        int error = kiln_address_wait(&word, 0, KILN_FOREVER);

        EXPLORE_CHECK(error == 0 || error == -EAGAIN);
    }
    count(&passed);
}

static void change_word(void *unused)
{
    (void)unused;
    __atomic_store_n(&word, 1, __ATOMIC_RELEASE);
    kiln_address_wake(&word, 1);
}

static void address(void)
{
    explore_name(&word, sizeof(word), "word");
    explore_thread("waits", 64, 0, wait_word, NULL);
    explore_thread("changes", 64, 1, change_word, NULL);
}

static void all_passed(void)
{
    EXPLORE_CHECK(passed == 1);
}

/* Notifications. */

static void wait_notified(void *unused)
{
    uint32_t value;

    (void)unused;
    EXPLORE_CHECK(kiln_notification_wait_bits(2, &value, KILN_FOREVER) == 0 && value == 2);
    count(&passed);
}

static void take_one_until(void *unused)
{
    (void)unused;
    ended(kiln_notification_wait_one(1000));
}

static void notify(void *unused)
{
    (void)unused;
    kiln_notify_set(notified, 1);
    kiln_notify_set(notified, 2);
}

static void notify_add(void *unused)
{
    (void)unused;
    kiln_notify_add(notified, 1);
}

static void notification(void)
{
    notified = explore_thread("waits", 64, 0, wait_notified, NULL);
    explore_thread("notifies", 64, 1, notify, NULL);
}

static void notification_time_out(void)
{
    notified = explore_thread("waits", 64, 0, take_one_until, NULL);
    explore_thread("notifies", 64, 1, notify_add, NULL);
}

static void other_bit_left(void)
{
    EXPLORE_CHECK(passed == 1 && kiln_notification_peek(notified) == 1);
}

static void none_lost(void)
{
    EXPLORE_CHECK(passed + kiln_notification_peek(notified) == 1);
}

const struct explore_scenario explore_scenarios[] = {
#if KILN_CONFIG_SMP
    {"events_all", "both flags are waited for, and cleared once", 2, events_all, NULL, all_cleared,
     EXPLORE_ALL, 0},
    {"barrier_twice", "two rounds, each with one who is the last", 2, barrier_twice, NULL,
     one_last_each, EXPLORE_ALL, 0},
    {"barrier_time_out", "two who give up by time meet both, or neither", 2, barrier_time_out, NULL,
     both_or_none, EXPLORE_ALL, 0},
    {"latch_opens", "who waits goes on when both have counted", 2, latch_opens, NULL,
     nobody_at_latch, 3, EXPLORE_ALL},
    {"address", "a word that changes is not missed", 2, address, NULL, all_passed, EXPLORE_ALL, 0},
    {"notification", "only the bit that is waited for wakes", 2, notification, NULL, other_bit_left,
     EXPLORE_ALL, 0},
    {"notification_time_out", "a count is taken, or left", 2, notification_time_out, NULL,
     none_lost, EXPLORE_ALL, 0},
#endif
    {"events_time_out", "a flag, an interrupt and a time-out", 1, events_time_out, NULL, flag_kept,
     EXPLORE_ALL, 0},
    {0},
};
