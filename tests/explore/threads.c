/* A scenario's threads: compiled as the runtime's sources are, since it is a part of schedules. */
#include "engine.h"

#include <arch/irq.h>
#include <core/schedule.h>

struct start {
    void (*function)(void *argument);
    void *argument;
};

static struct start starts[STACKS_MOST];

/* It goes from its CPU for good: kiln_thread_exit() would be explored with every scenario. */
static void *run(void *argument)
{
    const struct start *start = argument;
    struct kiln_thread *self, *next;

    start->function(start->argument);
    arch_irq_save();
    machine_ended();
    self = arch_thread_self();
    next = core_leave_run_queue(arch_percpu(), self);
    self->state = THREAD_FINISHED;
    core_block(arch_percpu(), self, next, 0);
    return NULL;
}

struct kiln_thread *explore_thread(const char *name, int priority, unsigned cpu,
                                   void (*function)(void *argument), void *argument)
{
    struct start *start = &starts[set_up.threads];

    *start = (struct start){function, argument};
    return kernel_thread(name, priority, cpu, run, start);
}

struct kiln_thread *explore_server(const char *name, int priority, unsigned cpu,
                                   void (*function)(void *argument), void *argument)
{
    struct kiln_thread *thread = explore_thread(name, priority, cpu, function, argument);

    set_up.servers++;
    return thread;
}

void explore_end_turn(void)
{
    struct kiln_thread *self = arch_thread_self();

    if (!thread_is_ready(self) || self == arch_percpu()->idle_thread)
        return;
    *self->ring = self->next;
    core_request_switch(arch_percpu());
}
