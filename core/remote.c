/* Requests to another CPU for its threads. */
#include <core/remote.h>

#include <arch/spin.h>
#include <core/balance.h>
#include <core/cancel.h>
#include <core/priority.h>
#include <core/schedule.h>
#include <core/suspend.h>
#include <errno.h>
#include <irq_controller.h>
#include <kiln/cpu.h>

static void put_into_inbox(struct kiln_thread *thread)
{
    unsigned cpu = __atomic_load_n(&thread->cpu, __ATOMIC_ACQUIRE);
    struct percpu *target = core_percpu(cpu);
    struct kiln_thread *next = __atomic_load_n(&target->inbox, __ATOMIC_RELAXED);

    do {
        thread->inbox_next = next;
    } while (!__atomic_compare_exchange_n(&target->inbox, &next, thread, true, __ATOMIC_RELEASE,
                                          __ATOMIC_RELAXED));
    if (!next)
        irq_send_ipi(cpu);
}

/* What a request takes the place of: of suspending and resuming the last one counts. */
static uint32_t undone_by(uint32_t requests)
{
    if (requests & REQUEST_SUSPEND)
        return REQUEST_RESUME;
    return requests & REQUEST_RESUME ? REQUEST_SUSPEND : 0;
}

/* Only who finds no request puts the thread into an inbox: it is in one at a time. */
void core_remote_request(struct kiln_thread *thread, uint32_t requests)
{
    uint32_t before = __atomic_load_n(&thread->requests, __ATOMIC_RELAXED);

    while (!__atomic_compare_exchange_n(&thread->requests, &before,
                                        (before & ~undone_by(requests)) | requests, true,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        arch_spin_relax();
    if (before == 0)
        put_into_inbox(thread);
}

static void wake_here(struct kiln_thread *thread)
{
    if (core_make_ready(thread))
        core_request_switch(arch_percpu());
}

/* In this order: the wake sorts by priority, is stopped by a suspension, and is done with a thread
 * that has moved where that has gone, as is what follows in any step that sends it elsewhere. */
static const struct {
    uint32_t request;
    void (*serve)(struct kiln_thread *thread);
} steps[] = {
    {REQUEST_PRIORITY, core_update_priority}, {REQUEST_SUSPEND, core_suspend_here},
    {REQUEST_CANCEL, core_cancel_wait},       {REQUEST_END_WAIT, core_end_wait},
#if KILN_CONFIG_SMP
    {REQUEST_MOVE, core_move_here},
#endif
    {REQUEST_RESUME, core_resume_here},       {REQUEST_WAKE, wake_here},
};

void core_serve(struct kiln_thread *thread, uint32_t requests)
{
    for (unsigned i = 0; requests; i++) {
        if (!(requests & steps[i].request))
            continue;
        if (KILN_CONFIG_SMP && __atomic_load_n(&thread->cpu, __ATOMIC_RELAXED) != arch_cpu_id()) {
            core_remote_request(thread, requests);
            return;
        }
        requests &= ~steps[i].request;
        steps[i].serve(thread);
    }
}

/* One that has ended here is not touched once its requests are taken: somebody may be waiting for
 * that, to use its memory for another thread. */
static void take_requests(struct kiln_thread *thread)
{
    bool has_ended = __atomic_load_n(&thread->state, __ATOMIC_RELAXED) >= THREAD_GONE;
    uint32_t requests = __atomic_exchange_n(&thread->requests, 0, __ATOMIC_ACQ_REL);

    if (!has_ended)
        core_serve(thread, requests);
}

/* Once its requests are taken a thread may be put into an inbox again, or be gone. */
void core_remote_serve(void)
{
    struct percpu *percpu = arch_percpu();
    struct kiln_thread *thread = __atomic_exchange_n(&percpu->inbox, NULL, __ATOMIC_ACQUIRE);

    while (thread) {
        struct kiln_thread *next = thread->inbox_next;

        if (__atomic_load_n(&thread->cpu, __ATOMIC_ACQUIRE) != percpu->cpu)
            put_into_inbox(thread);
        else
            take_requests(thread);
        thread = next;
    }
    core_give();
}

void core_ask(struct kiln_thread *thread, uint32_t requests)
{
    uintptr_t state = arch_irq_save();

    if (KILN_CONFIG_SMP && __atomic_load_n(&thread->cpu, __ATOMIC_ACQUIRE) != kiln_cpu_id()) {
        core_remote_request(thread, requests);
        arch_irq_restore(state);
        return;
    }
    core_serve(thread, requests);
    core_reschedule(state);
}
