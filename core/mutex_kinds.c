/* Kinds of mutexes. A program that uses none of them has none of this. */
#include <core/mutex.h>

#include <errno.h>
#include <core/wait.h>
#include <kiln/time.h>

void core_mutex_inherit(struct kiln_thread *self)
{
    uintptr_t state = arch_irq_save();

    core_lock(&core_inheritance_lock);
    core_inherit(self);
    core_unlock(&core_inheritance_lock);
    core_reschedule(state);
}

static bool is_mine(const struct kiln_mutex *mutex)
{
    return kiln_mutex_owner(mutex) == arch_thread_self();
}

static int lock_recursive(struct kiln_mutex *mutex, int64_t deadline)
{
    if (!is_mine(mutex))
        return core_mutex_take(mutex, deadline);
    if (mutex->depth == UINT32_MAX)
        return -EAGAIN;
    mutex->depth++;
    return 0;
}

static int unlock_recursive(struct kiln_mutex *mutex)
{
    if (!is_mine(mutex))
        return core_mutex_refuse_unlock(mutex);
    if (mutex->depth == 0)
        return core_mutex_give(mutex);
    mutex->depth--;
    return 0;
}

const struct kiln_mutex_kind kiln_mutex_recursive = {lock_recursive, unlock_recursive, false,
                                                     false};

static int lock_checking(struct kiln_mutex *mutex, int64_t deadline)
{
    if (is_mine(mutex))
        return deadline == KILN_NOWAIT ? -EBUSY : -EDEADLK;
    return core_mutex_take(mutex, deadline);
}

static int unlock_checking(struct kiln_mutex *mutex)
{
    return is_mine(mutex) ? core_mutex_give(mutex) : -EPERM;
}

const struct kiln_mutex_kind kiln_mutex_error_checking = {lock_checking, unlock_checking, false,
                                                          false};

/* Why the thread is not to have it, or to wait for it; 0: it is. */
static int refusal(const struct kiln_mutex *mutex, const struct kiln_thread *self,
                   const struct kiln_thread *owner, int64_t deadline)
{
    if (mutex->kind == &core_mutex_gone)
        return core_wait_refuse(&mutex->queue);
    if (mutex->state == MUTEX_NOT_RECOVERABLE)
        return -ENOTRECOVERABLE;
    if (mutex->kind == &kiln_mutex_ceiling && self->base_priority > mutex->ceiling)
        return -EINVAL;
    if (!owner)
        return 0;
    if (deadline == KILN_NOWAIT)
        return -EBUSY;
    if (KILN_CONFIG_CHECKS && owner == self)
        kiln_panic("mutex %p is locked by thread %s, which holds it", (const void *)mutex,
                   owner->name);
    return owner == self ? -EDEADLK : 0;
}

/* It was handed over: a ceiling counts from now on. */
static int note_handed(struct kiln_thread *self, int error)
{
    if (error == 0 || error == -EOWNERDEAD)
        core_mutex_inherit(self);
    return error;
}

static int lock_listed(struct kiln_mutex *mutex, int64_t deadline)
{
    struct kiln_thread *self = arch_thread_self(), *owner;
    uintptr_t state = arch_irq_save();
    int error;

    core_lock(&core_inheritance_lock);
    owner = core_mutex_owner_in(core_mutex_now(mutex));
    error = refusal(mutex, self, owner, deadline);
    if (!error && owner)
        return note_handed(self, core_mutex_wait(mutex, self, deadline, state));
    if (!error) {
        __atomic_store_n(&mutex->owner, core_mutex_word(self) | MUTEX_LISTED | MUTEX_OF_KIND,
                         __ATOMIC_RELAXED);
        core_mutex_list(mutex, self);
        core_inherit(self);
        error = mutex->state == MUTEX_INCONSISTENT ? -EOWNERDEAD : 0;
    }
    core_unlock(&core_inheritance_lock);
    core_reschedule(state);
    return error;
}

const struct kiln_mutex_kind kiln_mutex_ceiling = {lock_listed, core_mutex_give, true, false};

/* Nobody is to have it any more. The owner gives it back for the last time. */
static int give_up_for_good(struct kiln_mutex *mutex)
{
    struct kiln_thread *self = arch_thread_self(), *list;
    uintptr_t state = arch_irq_save();

    core_lock(&core_inheritance_lock);
    mutex->state = MUTEX_NOT_RECOVERABLE;
    list = core_mutex_expel(mutex);
    core_mutex_release(mutex, self);
    core_unlock(&core_inheritance_lock);
    core_wake_list(-ENOTRECOVERABLE, list, state);
    return 0;
}

static int unlock_robust(struct kiln_mutex *mutex)
{
    if (is_mine(mutex) && mutex->state == MUTEX_INCONSISTENT)
        return give_up_for_good(mutex);
    return core_mutex_give(mutex);
}

const struct kiln_mutex_kind kiln_mutex_robust = {lock_listed, unlock_robust, true, true};

int kiln_mutex_consistent(struct kiln_mutex *mutex)
{
    if (!is_mine(mutex) || mutex->state != MUTEX_INCONSISTENT)
        return -EINVAL;
    mutex->state = MUTEX_CONSISTENT;
    return 0;
}

void kiln_mutex_init_of(struct kiln_mutex *mutex, const struct kiln_mutex_kind *kind, int ceiling)
{
    *mutex = (struct kiln_mutex)KILN_MUTEX_INIT_OF(kind, (uint8_t)ceiling);
}
