/* Ending threads, waiting for that, and what becomes of their memory. */
#include <core/thread_end.h>

#include <arch/spin.h>
#include <core/cancel.h>
#include <core/remote.h>
#include <core/schedule.h>
#include <core/wait.h>
#include <errno.h>
#include <kiln/stack.h>
#include <kiln/time.h>

#define SPARES_MOST 4 /* threads that are kept for the next to be created */

/* Threads that nobody knows any more; the lock. One whose stack is still in use when it comes here,
 * as it ends, has left it before another thread can look. */
static struct {
    struct kiln_thread *first;
    unsigned count;
    struct kiln_spinlock lock;
} spares;

static struct kiln_thread *unlink_spare(struct kiln_thread **place)
{
    struct kiln_thread *thread = *place;

    *place = thread->next;
    spares.count--;
    return thread;
}

struct kiln_thread *core_take_spare(size_t stack_bytes)
{
    struct kiln_thread *found = NULL;
    uintptr_t state = arch_irq_save();

    core_lock(&spares.lock);
    for (struct kiln_thread **place = &spares.first; *place; place = &(*place)->next) {
        const struct kiln_thread *thread = *place;

        if (thread->has_own_stack && thread->stack_top - thread->stack_bottom == stack_bytes) {
            found = unlink_spare(place);
            break;
        }
    }
    core_unlock(&spares.lock);
    arch_irq_restore(state);
    return found;
}

static struct kiln_thread *take_beyond(unsigned most)
{
    struct kiln_thread *found = NULL;
    uintptr_t state = arch_irq_save();

    core_lock(&spares.lock);
    if (spares.count > most)
        found = unlink_spare(&spares.first);
    core_unlock(&spares.lock);
    arch_irq_restore(state);
    return found;
}

static __attribute__((noinline)) void trim_to(unsigned most)
{
    struct kiln_thread *thread;

    while ((thread = take_beyond(most)) != NULL) {
        struct kiln_stack stack = {thread->stack_bottom, thread->stack_top};

        if (thread->has_own_stack)
            kiln_stack_destroy(&stack);
        core_thread_free(thread);
    }
}

static inline void trim_spares(void)
{
    if (__builtin_expect(__atomic_load_n(&spares.count, __ATOMIC_RELAXED) > SPARES_MOST, 0))
        trim_to(SPARES_MOST);
}

/* Whoever has been asking something of it on another CPU has been served once that is 0. */
static void make_spare(struct kiln_thread *thread)
{
    uintptr_t state;

    core_registry_remove(thread);
    state = arch_irq_save();
    core_lock(&spares.lock);
    thread->next = spares.first;
    spares.first = thread;
    spares.count++;
    core_unlock(&spares.lock);
    arch_irq_restore(state);
}

void core_thread_gone(struct kiln_thread *thread)
{
    struct kiln_thread *joiner;
    bool is_detached;

    core_lock(&thread->finished.lock);
    __atomic_store_n(&thread->state, THREAD_GONE, __ATOMIC_RELEASE);
    is_detached = thread->is_detached;
    joiner = core_wait_take(&thread->finished);
    core_unlock(&thread->finished.lock);
    if (is_detached)
        make_spare(thread);
    else if (joiner)
        core_make_ready_anywhere(0, joiner);
}

_Noreturn void kiln_thread_exit(void *result)
{
    struct kiln_thread *self = arch_thread_self();
    struct percpu *percpu;
    uintptr_t state;

    if (self == &core_main_thread)
        kiln_panic("kiln_thread_exit() by main(), which ends the program by returning");
    if (self->has_data)
        core_thread_data_destroy(self);
    if (self->timer.expired)
        core_timer_stop_and_wait(&self->timer);
    trim_spares();
    self->argument = result;
    state = arch_irq_save();
    percpu = arch_percpu();
    run_queue_remove(self);
    self->state = THREAD_FINISHED;
    if (KILN_CONFIG_SMP) {
        percpu->dead = self;
        core_switch(self, percpu->idle_thread, state);
    } else {
        core_thread_gone(self);
        core_block(percpu, self, run_queue_first(percpu), state);
    }
    __builtin_unreachable();
}

/* Its requests are gone before it is: another CPU may be about to put it into an inbox. */
static void take_over(struct kiln_thread *thread, void **result)
{
    while (KILN_CONFIG_SMP && __atomic_load_n(&thread->requests, __ATOMIC_ACQUIRE))
        arch_spin_relax();
    if (result)
        *result = thread->argument;
    make_spare(thread);
}

static void give_up(struct kiln_thread *thread)
{
    uintptr_t state = arch_irq_save();

    core_lock(&thread->finished.lock);
    thread->joiner = NULL;
    core_unlock(&thread->finished.lock);
    arch_irq_restore(state);
}

/* The lock of those who join it is held, and is released. 0: it has ended, and is the caller's. */
static int wait_for_end(struct kiln_thread *thread, int64_t deadline, uintptr_t state)
{
    int error = 0;

    if (thread->is_detached || thread->joiner) {
        error = -EINVAL;
    } else if (thread->state != THREAD_GONE && deadline == KILN_NOWAIT) {
        error = -EBUSY;
    } else {
        thread->joiner = arch_thread_self();
        if (thread->state != THREAD_GONE) {
            error = deadline == KILN_FOREVER
                        ? core_wait(&thread->finished, state)
                        : core_wait_until(&thread->finished, deadline, state);
            if (error)
                give_up(thread);
            return error;
        }
    }
    core_unlock(&thread->finished.lock);
    arch_irq_restore(state);
    return error;
}

int kiln_thread_join_until(struct kiln_thread *thread, void **result, int64_t deadline)
{
    uintptr_t state;
    int error;

    KILN_ASSERT(!arch_in_interrupt());
    if (thread == arch_thread_self())
        return -EDEADLK;
    state = arch_irq_save();
    core_lock(&thread->finished.lock);
    error = wait_for_end(thread, deadline, state);
    if (error == 0) {
        take_over(thread, result);
        trim_spares();
    }
    return error;
}

int kiln_thread_join(struct kiln_thread *thread, void **result)
{
    return kiln_thread_join_until(thread, result, KILN_FOREVER);
}

int kiln_thread_detach(struct kiln_thread *thread)
{
    uintptr_t state = arch_irq_save();
    bool has_ended;

    core_lock(&thread->finished.lock);
    if (thread->is_detached || thread->joiner) {
        core_unlock(&thread->finished.lock);
        arch_irq_restore(state);
        return -EINVAL;
    }
    thread->is_detached = true;
    has_ended = thread->state == THREAD_GONE;
    core_unlock(&thread->finished.lock);
    arch_irq_restore(state);
    if (has_ended)
        take_over(thread, NULL);
    return 0;
}
