/* Ending threads, waiting for that, and what becomes of their memory. */
#include <core/thread_end.h>

#include <arch/spin.h>
#include <core/cancel.h>
#include <core/channel.h>
#include <core/group.h>
#include <core/mutex.h>
#include <core/place.h>
#include <core/poll.h>
#include <core/registry.h>
#include <core/remote.h>
#include <core/schedule.h>
#include <core/wait.h>
#include <errno.h>
#include <kiln/stack.h>
#include <kiln/time.h>
#include <mm/page.h>

#define SPARES_MOST 4 /* threads that are kept for the next to be created */

/* Threads that are kept for new ones. core_threads_lock. */
static struct {
    struct kiln_thread *first;
    unsigned count;
} spares;

static struct kiln_thread *unlink_spare(struct kiln_thread **place)
{
    struct kiln_thread *thread = *place;

    *place = thread->next;
    spares.count--;
    return thread;
}

/* A thread that has just ended may still be on its stack, and another CPU about to ask for
 * something that it had asked before. */
static bool is_free(const struct kiln_thread *thread)
{
    return !KILN_CONFIG_SMP || (__atomic_load_n(&thread->has_left, __ATOMIC_ACQUIRE) &&
                                !__atomic_load_n(&thread->requests, __ATOMIC_ACQUIRE));
}

struct kiln_thread *core_take_spare(size_t stack_bytes)
{
    struct kiln_thread *found = NULL;
    uintptr_t state = arch_irq_save();

    core_lock(&core_threads_lock);
    for (struct kiln_thread **place = &spares.first; *place; place = &(*place)->next) {
        const struct kiln_thread *thread = *place;

        if (thread->has_own_stack && thread->stack_top - thread->stack_bottom == stack_bytes &&
            is_free(thread)) {
            found = unlink_spare(place);
            break;
        }
    }
    core_unlock(&core_threads_lock);
    arch_irq_restore(state);
    return found;
}

bool core_take_static(struct kiln_static_thread *definition, struct kiln_thread *place,
                      bool *is_new)
{
    uintptr_t state = arch_irq_save();
    struct kiln_thread **spare = &spares.first;
    bool is_taken;

    core_lock(&core_threads_lock);
    *is_new = !definition->thread;
    definition->thread = place;
    while (*spare && *spare != place)
        spare = &(*spare)->next;
    is_taken = *is_new || (*spare && is_free(place));
    if (is_taken && !*is_new)
        unlink_spare(spare);
    core_unlock(&core_threads_lock);
    arch_irq_restore(state);
    return is_taken;
}

static bool give_back_static(struct kiln_thread *thread)
{
    if (!thread->definition)
        return false;
    thread->definition->thread = NULL;
    return true;
}

/* The last that was kept and can be given back, if there are more than so many. Static ones are
 * nobody's at once. */
static struct kiln_thread *take_beyond(unsigned most)
{
    struct kiln_thread *found;
    uintptr_t state = arch_irq_save();

    core_lock(&core_threads_lock);
    do {
        struct kiln_thread **place = &spares.first;

        found = NULL;
        while (*place && !is_free(*place))
            place = &(*place)->next;
        if (*place && spares.count > most) {
            found = unlink_spare(place);
            core_unlist_thread(found);
        }
    } while (found && give_back_static(found));
    core_unlock(&core_threads_lock);
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

/* Pages are not freed yet, but by the reclaimers of stacks and caches, which are asked next. */
static size_t reclaim(size_t pages)
{
    (void)pages;
    trim_to(0);
    return 0;
}

void core_spares_may_go(void)
{
    static struct page_reclaimer reclaimer = {.reclaim = reclaim};
    static uint32_t is_known; /* atomic */

    if (!__atomic_load_n(&is_known, __ATOMIC_RELAXED) &&
        !__atomic_exchange_n(&is_known, 1, __ATOMIC_RELAXED))
        page_reclaimer_add(&reclaimer);
}

static inline void trim_spares(void)
{
    if (__builtin_expect(__atomic_load_n(&spares.count, __ATOMIC_RELAXED) > SPARES_MOST, 0))
        trim_to(SPARES_MOST);
}

static inline void make_spare(struct kiln_thread *thread)
{
    uintptr_t state = arch_irq_save();

    core_lock(&core_threads_lock);
    __atomic_store_n(&thread->state, THREAD_SPARE, __ATOMIC_RELAXED);
    thread->next = spares.first;
    spares.first = thread;
    spares.count++;
    core_unlock(&core_threads_lock);
    arch_irq_restore(state);
}

/* It is detached, or somebody waits for its end among others: who adds it to a set from now on sees
 * that it has ended. */
static __attribute__((noinline)) void tell_others(struct kiln_thread *self, uint8_t is_detached,
                                                  struct kiln_thread *joiner)
{
    struct kiln_thread *told;

    core_lock(&self->finished.lock);
    told = core_poll_tell(&self->pollers);
    core_unlock(&self->finished.lock);
    core_make_ready_list(0, told);
    if (is_detached & THREAD_IS_DETACHED)
        make_spare(self);
    if (joiner)
        core_make_ready_anywhere(0, joiner);
}

/* Whoever joins it is woken; if nobody is to, its memory is spare. The thread itself, whose last
 * steps on its stack follow. */
static inline void tell_end(struct kiln_thread *self)
{
    struct kiln_thread *joiner;
    uint8_t is_detached;

    core_lock(&self->finished.lock);
    __atomic_store_n(&self->state, THREAD_GONE, __ATOMIC_RELAXED);
    is_detached = self->is_detached;
    joiner = core_wait_take(&self->finished);
    core_unlock(&self->finished.lock);
    if (is_detached)
        tell_others(self, is_detached, joiner);
    else if (joiner)
        core_make_ready_anywhere(0, joiner);
}

/* A single CPU has no idle thread: it would be idle on the stack that is left. */
static _Noreturn void leave(struct percpu *percpu, struct kiln_thread *self)
{
    struct kiln_thread *next = run_queue_first(percpu);

    if (__builtin_expect(!next, 0)) {
        if (!KILN_CONFIG_SMP) {
            core_idle_then_switch(percpu, self, arch_irq_save());
            __builtin_unreachable();
        }
        next = percpu->idle_thread;
    }
    if (KILN_CONFIG_RUN_TIME)
        core_account_switch(self, next);
    KILN_TRACE(KILN_TRACE_SWITCH, self, next);
    arch_context_leave(&next->context, &self->has_left);
}

void (*core_channels_leave)(struct kiln_thread *server);

/* Somebody else may join it. */
static void give_up_joining(struct kiln_thread *thread)
{
    uintptr_t state = arch_irq_save();

    core_lock(&thread->finished.lock);
    thread->joiner = NULL;
    core_unlock(&thread->finished.lock);
    arch_irq_restore(state);
}

/* What others may wait for. */
static __attribute__((noinline)) void give_back(struct kiln_thread *self)
{
    if (self->serves)
        core_channels_leave(self);
    core_mutex_owner_ends(self);
}

/* It is not cancelled again, whatever its data's destructors wait for. */
static void clean_up(struct kiln_thread *self)
{
    if (self->joins)
        give_up_joining(self->joins);
    if (self->has_data) {
        kiln_thread_set_cancellable(false);
        core_thread_data_destroy(self);
    }
    if (((uintptr_t)self->serves | (uintptr_t)self->held) || (KILN_CONFIG_CHECKS && self->mutexes))
        give_back(self);
    if (self->timer.expired)
        core_timer_stop_and_wait(&self->timer);
    trim_spares();
}

_Noreturn void kiln_thread_exit(void *result)
{
    struct kiln_thread *self = arch_thread_self();
    uintptr_t state;

    if (self == &core_main_thread)
        kiln_panic("kiln_thread_exit() by main(), which ends the program by returning");
    clean_up(self);
    self->argument = result;
    state = arch_irq_save();
    core_assert_may_wait(state);
    while (self->member) { /* at last nobody gives it another policy any more */
        arch_irq_restore(state);
        core_group_calls->end(self);
        state = arch_irq_save();
    }
    run_queue_remove(self);
    if (KILN_CONFIG_SMP)
        core_count_threads(arch_percpu(), UINT32_MAX);
    tell_end(self);
    leave(arch_percpu(), self);
}

/* Its last steps may still be on their way, on another CPU; requests for it that came too late are
 * seen to there. */
static inline void take_over(struct kiln_thread *thread, void **result)
{
    while (__builtin_expect(!is_free(thread), 0))
        arch_spin_relax();
    if (result)
        *result = thread->argument;
    make_spare(thread);
}

/* The lock of those who join it is held, and is released, here and below. 0: it has ended, and is
 * the caller's. One that is cancelled meanwhile gives up as it ends. */
static int wait_as_joiner(struct kiln_thread *thread, int64_t deadline, uintptr_t state)
{
    struct kiln_thread *self = arch_thread_self();
    int error;

    self->joins = thread;
    error = deadline == KILN_FOREVER ? core_wait(&thread->finished, state)
                                     : core_wait_until(&thread->finished, deadline, state);
    self->joins = NULL;
    if (error)
        give_up_joining(thread);
    return error;
}

static int wait_for_end(struct kiln_thread *thread, int64_t deadline, uintptr_t state)
{
    bool has_ended = CORE_SHARED_LOAD(thread->state) == THREAD_GONE;
    int error = 0;

    if ((thread->is_detached & THREAD_IS_DETACHED) || thread->joiner) {
        error = -EINVAL;
    } else if (!has_ended && deadline == KILN_NOWAIT) {
        error = -EBUSY;
    } else {
        thread->joiner = arch_thread_self();
        if (!has_ended)
            return wait_as_joiner(thread, deadline, state);
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
    if ((thread->is_detached & THREAD_IS_DETACHED) || thread->joiner) {
        core_unlock(&thread->finished.lock);
        arch_irq_restore(state);
        return -EINVAL;
    }
    thread->is_detached |= THREAD_IS_DETACHED;
    has_ended = CORE_SHARED_LOAD(thread->state) == THREAD_GONE;
    core_unlock(&thread->finished.lock);
    arch_irq_restore(state);
    if (has_ended)
        take_over(thread, NULL);
    return 0;
}
