/* The end of mutexes, and of threads that hold some. */
#include <core/mutex.h>

#include <errno.h>
#include <core/wait.h>

static int refuse_lock(struct kiln_mutex *mutex, int64_t deadline)
{
    (void)deadline;
    return core_wait_refuse(&mutex->queue);
}

static int refuse_unlock(struct kiln_mutex *mutex)
{
    return core_wait_refuse(&mutex->queue);
}

const struct kiln_mutex_kind core_mutex_gone = {refuse_lock, refuse_unlock, false, false};

struct kiln_thread *core_mutex_expel(struct kiln_mutex *mutex)
{
    struct kiln_thread *list;

    core_lock(&mutex->queue.lock);
    list = core_wait_take_all(&mutex->queue);
    core_unlock(&mutex->queue.lock);
    for (struct kiln_thread *thread = list; thread; thread = thread->next)
        thread->wants = NULL;
    return list;
}

void kiln_mutex_destroy(struct kiln_mutex *mutex)
{
    uintptr_t state = arch_irq_save();
    struct kiln_thread *list, *owner;

    core_lock(&core_inheritance_lock);
    owner = core_mutex_owner_in(core_mutex_now(mutex));
    if (KILN_CONFIG_CHECKS && owner)
        kiln_panic("mutex %p is destroyed, which thread %s holds", (void *)mutex, owner->name);
    list = core_mutex_expel(mutex);
    if (core_mutex_now(mutex) & MUTEX_LISTED)
        core_mutex_unlist(mutex, owner);
    mutex->kind = &core_mutex_gone;
    __atomic_store_n(&mutex->owner, MUTEX_OF_KIND, __ATOMIC_RELEASE);
    if (owner)
        core_inherit(owner);
    core_unlock(&core_inheritance_lock);
    core_wake_list(-EIDRM, list, state);
}

/* The first of the list. */
static void pass_on(struct kiln_mutex *mutex, struct kiln_thread *self)
{
    bool is_robust = mutex->kind && mutex->kind->is_robust;
    uintptr_t state = arch_irq_save();
    struct kiln_thread *next;

    if (KILN_CONFIG_CHECKS && !is_robust)
        kiln_panic("thread %s ends, which holds mutex %p", self->name, (void *)mutex);
    if (KILN_CONFIG_CHECKS)
        self->mutexes--;
    core_lock(&core_inheritance_lock);
    if (is_robust)
        mutex->state = MUTEX_INCONSISTENT;
    mutex->depth = 0;
    next = core_mutex_release(mutex, self);
    core_unlock(&core_inheritance_lock);
    if (next)
        core_make_ready_anywhere(is_robust ? -EOWNERDEAD : 0, next);
    core_reschedule(state);
}

/* Only a debug build knows of others than those on the list. */
void core_mutex_owner_ends(struct kiln_thread *self)
{
    while (self->held)
        pass_on(self->held, self);
    if (KILN_CONFIG_CHECKS && self->mutexes)
        kiln_panic("thread %s ends, which holds a mutex", self->name);
}
