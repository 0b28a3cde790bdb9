/* The list of all threads. */
#include <core/registry.h>

#include <arch/irq.h>
#include <core/lock.h>

struct kiln_spinlock core_threads_lock = KILN_SPINLOCK_INIT;

/* All that are on their way: as many as threads, and interrupt handlers, are within a call that
 * walks. core_threads_lock. */
static struct core_walk *walks;

static uintptr_t lock(void)
{
    uintptr_t state = arch_irq_save();

    core_lock(&core_threads_lock);
    return state;
}

static void unlock(uintptr_t state)
{
    core_unlock(&core_threads_lock);
    arch_irq_restore(state);
}

void core_list_thread(struct kiln_thread *thread)
{
    uintptr_t state = lock();

    thread->registry_next = kiln_thread_list;
    kiln_thread_list->registry_previous = thread;
    kiln_thread_list = thread;
    unlock(state);
}

void core_unlist_thread(struct kiln_thread *thread)
{
    thread->registry_next->registry_previous = thread->registry_previous;
    if (thread->registry_previous)
        thread->registry_previous->registry_next = thread->registry_next;
    else
        kiln_thread_list = thread->registry_next;
    for (struct core_walk *walk = walks; walk; walk = walk->next) {
        if (walk->next_thread == thread)
            walk->next_thread = thread->registry_next;
        if (walk->thread == thread)
            walk->thread = NULL;
    }
}

void core_walk_begin(struct core_walk *walk, unsigned at_once)
{
    walk->irq_state = lock();
    walk->next = walks;
    walk->link = &walks;
    if (walks)
        walks->link = &walk->next;
    walks = walk;
    walk->next_thread = kiln_thread_list;
    walk->thread = NULL;
    walk->left = at_once;
    walk->at_once = at_once;
}

void core_walk_end(struct core_walk *walk)
{
    *walk->link = walk->next;
    if (walk->next)
        walk->next->link = walk->link;
    unlock(walk->irq_state);
}

void core_walk_pause(struct core_walk *walk)
{
    unlock(walk->irq_state);
    walk->irq_state = lock();
    walk->left = walk->at_once;
}

struct kiln_thread *core_walk_next(struct core_walk *walk)
{
    struct kiln_thread *thread;

    if (walk->left-- == 0)
        core_walk_pause(walk);
    thread = walk->next_thread;
    walk->thread = thread;
    if (thread)
        walk->next_thread = thread->registry_next;
    return thread;
}
