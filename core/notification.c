/*
 * Notifications. While the thread waits, its word's highest bit sends everybody to the lock of the
 * queue in which it does: that of those who join it.
 */
#include <kiln/notification.h>

#include <errno.h>
#include <arch/step.h>
#include <core/wait.h>
#include <kiln/time.h>

#define VALUE(word) ((uint32_t)(word))

enum change { SET, ADD, OVERWRITE };

/* Without the bit that says that the thread waits. */
static inline __attribute__((always_inline)) uint32_t changed(uint64_t word, enum change change,
                                                              uint32_t value)
{
    if (change == OVERWRITE)
        return value;
    return change == SET ? VALUE(word) | value : VALUE(word) + value;
}

/* Whether it waits for one of those bits. The lock. */
static inline bool does_wait_for(const struct kiln_thread *thread, uint32_t value)
{
    return thread->queue == &thread->finished && ((uintptr_t)thread->exchange & value);
}

/* It waits, or its wait has just ended. */
static __attribute__((noinline)) void notify_slowly(struct kiln_thread *thread, enum change change,
                                                    uint32_t value)
{
    uintptr_t state = arch_irq_save();
    uint64_t word, after;
    bool is_over;

    core_lock(&thread->finished.lock);
    do {
        word = arch_step_begin(&thread->notification);
        after = changed(word, change, value);
        is_over = (word & CORE_WAITS_TO_BE_NOTIFIED) && does_wait_for(thread, VALUE(after));
        if (!is_over)
            after |= word & CORE_WAITS_TO_BE_NOTIFIED;
    } while (!arch_step_end(&thread->notification, word, after));
    if (is_over)
        core_wait_remove(&thread->finished, thread);
    core_unlock(&thread->finished.lock);
    if (is_over)
        core_wake(0, thread, state);
    else
        arch_irq_restore(state);
}

static inline __attribute__((always_inline)) void notify(struct kiln_thread *thread,
                                                         enum change change, uint32_t value)
{
    uint64_t word;

    do {
        word = arch_step_begin(&thread->notification);
        if (__builtin_expect((int64_t)word < 0, 0)) {
            notify_slowly(thread, change, value);
            return;
        }
    } while (!arch_step_end(&thread->notification, word, changed(word, change, value)));
}

void kiln_notify_set(struct kiln_thread *thread, uint32_t bits)
{
    notify(thread, SET, bits);
}

void kiln_notify_add(struct kiln_thread *thread, uint32_t count)
{
    notify(thread, ADD, count);
}

void kiln_notify_overwrite(struct kiln_thread *thread, uint32_t value)
{
    notify(thread, OVERWRITE, value);
}

/* One that waits has 0, or bits that it does not wait for. */
int kiln_notify_try(struct kiln_thread *thread, uint32_t value)
{
    uint64_t word;

    do {
        word = arch_step_begin(&thread->notification);
        if (VALUE(word))
            return -EBUSY;
        if ((int64_t)word < 0) {
            notify_slowly(thread, SET, value);
            return 0;
        }
    } while (!arch_step_end(&thread->notification, word, value));
    return 0;
}

/* What is taken of a word: those bits, or one of its count. */
struct wish {
    uint32_t bits;
    bool one;
};

/* Also says that the thread waits, if nothing is there. */
static inline __attribute__((always_inline)) uint32_t take(struct kiln_thread *self,
                                                           struct wish wish, bool waits)
{
    uint64_t word;
    uint32_t found;

    do {
        word = arch_step_begin(&self->notification);
        found = VALUE(word) & wish.bits;
        if (!found && !waits)
            return 0;
    } while (!arch_step_end(&self->notification, word,
                            !found     ? word | CORE_WAITS_TO_BE_NOTIFIED
                            : wish.one ? word - 1
                                       : word & ~(uint64_t)found));
    return found;
}

/* The wait has ended otherwise. */
static void give_up(struct kiln_thread *self)
{
    uint64_t word;

    do {
        word = arch_step_begin(&self->notification);
    } while (!arch_step_end(&self->notification, word, word & ~CORE_WAITS_TO_BE_NOTIFIED));
}

static __attribute__((noinline)) int wait_slowly(struct wish wish, uint32_t *found,
                                                 int64_t deadline)
{
    struct kiln_thread *self = arch_thread_self();
    int error = 0;

    if (deadline == KILN_NOWAIT)
        return -EAGAIN;
    do {
        uintptr_t state = arch_irq_save();

        core_lock(&self->finished.lock);
        *found = take(self, wish, true);
        if (*found) {
            core_unlock(&self->finished.lock);
            arch_irq_restore(state);
            return 0;
        }
        self->exchange = (void *)(uintptr_t)wish.bits;
        error = core_wait_until(&self->finished, deadline, state);
        if (error)
            give_up(self);
        *found = error ? 0 : take(self, wish, false);
    } while (!error && !*found);
    return error;
}

static inline __attribute__((always_inline)) int wait_for(struct wish wish, uint32_t *found,
                                                          int64_t deadline)
{
    *found = take(arch_thread_self(), wish, false);
    return __builtin_expect(*found != 0, 1) ? 0 : wait_slowly(wish, found, deadline);
}

int kiln_notification_wait(uint32_t *value)
{
    return wait_for((struct wish){UINT32_MAX, false}, value, KILN_FOREVER);
}

int kiln_notification_wait_until(uint32_t *value, int64_t deadline)
{
    return wait_for((struct wish){UINT32_MAX, false}, value, deadline);
}

int kiln_notification_wait_bits(uint32_t bits, uint32_t *found, int64_t deadline)
{
    return wait_for((struct wish){bits, false}, found, deadline);
}

int kiln_notification_wait_one(int64_t deadline)
{
    uint32_t count;

    return wait_for((struct wish){UINT32_MAX, true}, &count, deadline);
}

uint32_t kiln_notification_peek(const struct kiln_thread *thread)
{
    return VALUE(__atomic_load_n(&thread->notification, __ATOMIC_RELAXED));
}
