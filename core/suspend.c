/* Suspending threads, whatever they do at the moment. */
#include <core/suspend.h>

#include <core/group.h>
#include <core/priority.h>
#include <core/remote.h>
#include <core/schedule.h>
#include <errno.h>

/* One that waits is stopped by its wake-up. */
void core_suspend_here(struct kiln_thread *thread)
{
    if (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) >= THREAD_FINISHED)
        return;
    thread->special |= SPECIAL_SUSPEND;
    if (!thread_is_ready(thread))
        return;
    thread_set_state(thread, THREAD_SUSPENDED);
    if (thread->special & SPECIAL_POLICY)
        core_group_calls->unready(thread);
    else
        run_queue_remove(thread);
    if (thread == arch_thread_self())
        thread->rank = RANK_MOST; /* it runs, but has no place among its equals */
    core_request_switch(arch_percpu());
}

/* The rank of one that waits is not its own while its CPU is idle in its place. */
void core_resume_here(struct kiln_thread *thread)
{
    if (!(thread->special & SPECIAL_SUSPEND))
        return;
    thread->special &= (uint8_t)~SPECIAL_SUSPEND;
    if (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) != THREAD_SUSPENDED)
        return;
    core_set_rank(thread);
    if (core_make_ready(thread))
        core_request_switch(arch_percpu());
}

static int ask(struct kiln_thread *thread, uint32_t request)
{
    if (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) >= THREAD_FINISHED)
        return -ESRCH;
    core_ask(thread, request);
    return 0;
}

int kiln_thread_suspend(struct kiln_thread *thread)
{
    return ask(thread, REQUEST_SUSPEND);
}

int kiln_thread_resume(struct kiln_thread *thread)
{
    return ask(thread, REQUEST_RESUME);
}
