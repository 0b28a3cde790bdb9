/*
 * Notifications: each thread has a word of 32 bits that anybody may change and it alone takes, with
 * no object in between. Used as flags, as a count or as a value, by one way of waiting at a time; 0
 * is nothing to be told.
 */
#ifndef KILN_NOTIFICATION_H
#define KILN_NOTIFICATION_H

#include <kiln/api.h>

KILN_BEGIN

struct kiln_thread;

/** Sets bits of a thread's word, and wakes it if it waits for one of them. Any context. 11
 * instructions if it does not wait. */
void kiln_notify_set(struct kiln_thread *thread, uint32_t bits);

/** The same, adding a count to it. Any context. */
void kiln_notify_add(struct kiln_thread *thread, uint32_t count);

/** The same, in place of what is there. Any context. */
void kiln_notify_overwrite(struct kiln_thread *thread, uint32_t value);

/** The same, if nothing is there: 0 or -EBUSY. Any context. */
int kiln_notify_try(struct kiln_thread *thread, uint32_t value);

/** Takes the caller's whole word, waiting until it is not 0. 0; -EINTR: the wait was interrupted.
 * Thread context with interrupts on. A cancellation point. */
int kiln_notification_wait(uint32_t *value);

/** The same until a deadline: -ETIMEDOUT; KILN_NOWAIT: -EAGAIN, if it is 0. Thread context with
 * interrupts on. */
int kiln_notification_wait_until(uint32_t *value, int64_t deadline);

/** The same for those of some bits that are set; others stay. Thread context with interrupts on. */
int kiln_notification_wait_bits(uint32_t bits, uint32_t *found, int64_t deadline);

/** Takes one off the caller's word, waiting until it is not 0, as kiln_notification_wait_until().
 * Thread context with interrupts on. A cancellation point. */
int kiln_notification_wait_one(int64_t deadline);

/** What a thread has not taken yet. Any context; it may be stale at once. */
uint32_t kiln_notification_peek(const struct kiln_thread *thread);

KILN_END

#endif
