/*
 * Mutexes. The word is the owner's address; its lowest bits send everybody to the locks: threads
 * wait, or the mutex is of a kind. Whoever gives back a mutex that others wait for hands it to the
 * first of them.
 */
#include <core/mutex.h>

#include <errno.h>
#include <arch/spin.h>
#include <arch/step.h>
#include <core/deadlock.h>
#include <core/lock_order.h>
#include <core/wait.h>
#include <kiln/cpu.h>
#include <kiln/time.h>

/* Each call that succeeds counts, also one that locks a mutex once more: CHECKS. */
static inline int count(struct kiln_thread *self, struct kiln_mutex *mutex, int by, int error)
{
    if (!KILN_CONFIG_CHECKS || !self || (error != 0 && error != -EOWNERDEAD))
        return error;
    self->mutexes += (uint32_t)by;
    if (by > 0)
        core_lock_taken(self, mutex);
    else
        core_lock_given(self, mutex);
    return error;
}

static inline int count_own(struct kiln_mutex *mutex, int by, int error)
{
    return KILN_CONFIG_CHECKS ? count(arch_thread_self(), mutex, by, error) : error;
}

/* Free: takes it. Else, if the thread may wait: marks it, and from then on it changes only under
 * core_inheritance_lock. */
static uint64_t take_or_mark(struct kiln_mutex *mutex, struct kiln_thread *self, bool may_wait)
{
    uint64_t word, next;

    do {
        word = arch_step_begin(&mutex->owner);
        struct kiln_thread *owner = core_mutex_owner_in(word);

        if (owner && (!may_wait || owner == self))
            return word;
        next = owner ? word | MUTEX_LISTED : word | core_mutex_word(self);
    } while (!arch_step_end(&mutex->owner, word, next));
    return word;
}

void core_mutex_list(struct kiln_mutex *mutex, struct kiln_thread *owner)
{
    mutex->next_held = owner->held;
    owner->held = mutex;
}

void core_mutex_unlist(struct kiln_mutex *mutex, struct kiln_thread *owner)
{
    struct kiln_mutex **place = &owner->held;

    while (*place != mutex)
        place = &(*place)->next_held;
    *place = mutex->next_held;
}

/* The wait has ended without the mutex. If it is not marked it has been given back meanwhile, and
 * who has it now may give it back, and end, without the lock. */
static void give_up(struct kiln_mutex *mutex, struct kiln_thread *self)
{
    uintptr_t state = arch_irq_save();

    core_lock(&core_inheritance_lock);
    uint64_t word = __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED);
    struct kiln_thread *owner = core_mutex_owner_in(word);

    self->wants = NULL;
    if (word & MUTEX_LISTED) {
        core_lock(&mutex->queue.lock);
        bool was_last = !mutex->queue.first && !core_mutex_is_listed_kind(mutex);

        core_unlock(&mutex->queue.lock);
        if (was_last) {
            core_mutex_unlist(mutex, owner);
            __atomic_store_n(&mutex->owner, word & ~MUTEX_LISTED, __ATOMIC_RELEASE);
        }
        core_inherit(owner);
    }
    core_unlock(&core_inheritance_lock);
    core_reschedule(state);
}

/* Whom the mutex is handed to has nothing more to do: it only wakes up. */
int core_mutex_wait(struct kiln_mutex *mutex, struct kiln_thread *self, int64_t deadline,
                    uintptr_t irq_state)
{
    int error;

    self->wants = mutex;
    if (CORE_FINDS_DEADLOCKS && deadline == KILN_FOREVER)
        core_deadlock_look(self);
    error = core_wait_firmly(&mutex->queue, core_mutex_owner_in(core_mutex_now(mutex)), deadline,
                             irq_state);
    if (error == -ETIMEDOUT)
        give_up(mutex, self);
    return error;
}

static int cannot_wait(const struct kiln_mutex *mutex, struct kiln_thread *self, uint64_t word)
{
    if (!core_mutex_owner_in(word))
        return 0;
    if (KILN_CONFIG_CHECKS && core_mutex_owner_in(word) == self)
        kiln_panic("mutex %p is locked by thread %s, which holds it", (const void *)mutex,
                   self->name);
    return core_mutex_owner_in(word) == self ? -EDEADLK : -EBUSY;
}

static __attribute__((noinline)) int lock_slowly(struct kiln_mutex *mutex, struct kiln_thread *self,
                                                 int64_t deadline)
{
    uintptr_t state = arch_irq_save();
    bool may_wait = deadline != KILN_NOWAIT;
    uint64_t word;

    core_lock(&core_inheritance_lock);
    if (mutex->kind == &core_mutex_gone) {
        core_unlock(&core_inheritance_lock);
        arch_irq_restore(state);
        return core_wait_refuse(&mutex->queue);
    }
    word = take_or_mark(mutex, self, may_wait);
    if (!core_mutex_owner_in(word) || !may_wait || core_mutex_owner_in(word) == self) {
        core_unlock(&core_inheritance_lock);
        arch_irq_restore(state);
        return cannot_wait(mutex, self, word);
    }
    if (!(word & MUTEX_LISTED))
        core_mutex_list(mutex, core_mutex_owner_in(word));
    return core_mutex_wait(mutex, self, deadline, state);
}

int core_mutex_take(struct kiln_mutex *mutex, int64_t deadline)
{
    struct kiln_thread *self = arch_thread_self();
    uint64_t word;

    do {
        word = arch_step_begin(&mutex->owner);
        if (core_mutex_owner_in(word))
            return lock_slowly(mutex, self, deadline);
    } while (!arch_step_end(&mutex->owner, word, word | core_mutex_word(self)));
    return 0;
}

/* Whether it has become free soon enough to be taken without a switch. Others that wait go first.
 */
static bool take_spinning(struct kiln_mutex *mutex, struct kiln_thread *self)
{
    for (unsigned looks = 0; looks < CORE_MUTEX_LOOKS; looks++) {
        uint64_t word = arch_step_begin(&mutex->owner);

        if (word == 0) {
            if (arch_step_end(&mutex->owner, 0, core_mutex_word(self)))
                return true;
        } else if (word & (MUTEX_LISTED | MUTEX_OF_KIND) || core_mutex_owner_in(word) == self) {
            return false;
        }
        arch_spin_relax();
    }
    return false;
}

static int lock_and_wait(struct kiln_mutex *mutex)
{
    struct kiln_thread *self = arch_thread_self();

    if (KILN_CONFIG_SMP && kiln_cpu_count() > 1 && take_spinning(mutex, self))
        return 0;
    return lock_slowly(mutex, self, KILN_FOREVER);
}

static inline bool take_free(struct kiln_mutex *mutex, struct kiln_thread *self)
{
    do {
        if (arch_step_begin(&mutex->owner))
            return false;
    } while (!arch_step_end(&mutex->owner, 0, core_mutex_word(self)));
    return true;
}

/* With no thread but main() it is an interrupt handler of another CPU that has it. */
static int lock_alone(struct kiln_mutex *mutex)
{
    struct kiln_thread *self = arch_thread_self();

    while (!take_free(mutex, self)) {
        uint64_t word = __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED);

        if (core_mutex_owner_in(word) == self)
            return cannot_wait(mutex, self, word);
        arch_spin_relax();
    }
    return 0;
}

int core_mutex_refuse_unlock(const struct kiln_mutex *mutex)
{
    if (KILN_CONFIG_CHECKS)
        kiln_panic("mutex %p is unlocked by thread %s, which does not hold it", (const void *)mutex,
                   arch_thread_self()->name);
    return -EPERM;
}

static int refuse_unlock(struct kiln_mutex *mutex)
{
    return core_mutex_refuse_unlock(mutex);
}

/* What is not over in a few instructions. A program without threads has nothing of what threads
 * that wait need. Written before the first of them is there; atomic. */
static struct {
    int (*lock)(struct kiln_mutex *mutex);
    int (*unlock)(struct kiln_mutex *mutex);
} long_ways = {lock_alone, refuse_unlock};

static __attribute__((noinline)) int lock_otherwise(struct kiln_mutex *mutex)
{
    if (mutex->kind)
        return count_own(mutex, 1, mutex->kind->lock(mutex, KILN_FOREVER));
    return count_own(mutex, 1, __atomic_load_n(&long_ways.lock, __ATOMIC_RELAXED)(mutex));
}

int kiln_mutex_lock(struct kiln_mutex *mutex)
{
    struct kiln_thread *self = arch_thread_self();
    uint64_t word;

    core_lock_wanted(self, mutex);
    do {
        word = arch_step_begin(&mutex->owner);
        if (__builtin_expect(word != 0, 0))
            return lock_otherwise(mutex);
    } while (__builtin_expect(!arch_step_end(&mutex->owner, word, core_mutex_word(self)), 0));
    return count(self, mutex, 1, 0);
}

int core_mutex_lock_again(struct kiln_mutex *mutex)
{
    return mutex->kind ? mutex->kind->lock(mutex, KILN_FOREVER)
                       : core_mutex_take(mutex, KILN_FOREVER);
}

int kiln_mutex_try(struct kiln_mutex *mutex)
{
    struct kiln_thread *self = arch_thread_self();

    if (take_free(mutex, self))
        return count(self, mutex, 1, 0);
    return mutex->kind ? count(self, mutex, 1, mutex->kind->lock(mutex, KILN_NOWAIT)) : -EBUSY;
}

int kiln_mutex_lock_until(struct kiln_mutex *mutex, int64_t deadline)
{
    struct kiln_thread *self = arch_thread_self();

    core_mutex_begin();
    if (deadline == KILN_FOREVER)
        core_lock_wanted(self, mutex);
    if (mutex->kind)
        return count(self, mutex, 1, mutex->kind->lock(mutex, deadline));
    return count(self, mutex, 1, core_mutex_take(mutex, deadline));
}

struct kiln_thread *core_mutex_release(struct kiln_mutex *mutex, struct kiln_thread *owner)
{
    uint64_t of_kind = core_mutex_now(mutex) & MUTEX_OF_KIND;
    struct kiln_thread *next;

    if (!(core_mutex_now(mutex) & MUTEX_LISTED)) {
        __atomic_store_n(&mutex->owner, of_kind, __ATOMIC_RELEASE);
        return NULL;
    }
    core_mutex_unlist(mutex, owner);
    core_lock(&mutex->queue.lock);
    next = core_wait_take(&mutex->queue);
    bool is_listed = mutex->queue.first || (next && core_mutex_is_listed_kind(mutex));

    core_unlock(&mutex->queue.lock);
    if (next)
        next->wants = NULL;
    if (is_listed)
        core_mutex_list(mutex, next);
    __atomic_store_n(&mutex->owner,
                     core_mutex_word(next) | (is_listed ? MUTEX_LISTED : 0) | of_kind,
                     __ATOMIC_RELEASE);
    core_inherit(owner);
    return next;
}

/* Others wait, or waited: the last may have given up since the caller looked. */
static int unlock_slowly(struct kiln_mutex *mutex)
{
    struct kiln_thread *self = arch_thread_self(), *next;
    uintptr_t state = arch_irq_save();

    if (core_mutex_owner_in(__atomic_load_n(&mutex->owner, __ATOMIC_RELAXED)) != self) {
        arch_irq_restore(state);
        return core_mutex_refuse_unlock(mutex);
    }
    core_lock(&core_inheritance_lock);
    next = core_mutex_release(mutex, self);
    core_unlock(&core_inheritance_lock);
    if (next)
        core_make_ready_anywhere(0, next);
    core_reschedule(state);
    return 0;
}

int core_mutex_give(struct kiln_mutex *mutex)
{
    uint64_t self = core_mutex_word(arch_thread_self()), word;

    do {
        word = arch_step_begin(&mutex->owner);
        if ((word & ~MUTEX_OF_KIND) != self)
            return unlock_slowly(mutex);
    } while (!arch_step_end(&mutex->owner, word, word & MUTEX_OF_KIND));
    return 0;
}

void core_mutex_begin(void)
{
    __atomic_store_n(&long_ways.lock, lock_and_wait, __ATOMIC_RELAXED);
    __atomic_store_n(&long_ways.unlock, unlock_slowly, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) int unlock_otherwise(struct kiln_mutex *mutex)
{
    if (mutex->kind)
        return count_own(mutex, -1, mutex->kind->unlock(mutex));
    return count_own(mutex, -1, __atomic_load_n(&long_ways.unlock, __ATOMIC_RELAXED)(mutex));
}

int kiln_mutex_unlock(struct kiln_mutex *mutex)
{
    struct kiln_thread *self = arch_thread_self();
    uint64_t word;

    do {
        word = arch_step_begin(&mutex->owner);
        if (__builtin_expect(word != core_mutex_word(self), 0))
            return unlock_otherwise(mutex);
    } while (__builtin_expect(!arch_step_end(&mutex->owner, word, 0), 0));
    return count(self, mutex, -1, 0);
}

struct kiln_thread *kiln_mutex_owner(const struct kiln_mutex *mutex)
{
    return core_mutex_owner_in(__atomic_load_n(&mutex->owner, __ATOMIC_RELAXED));
}

void kiln_mutex_init(struct kiln_mutex *mutex)
{
    *mutex = (struct kiln_mutex)KILN_MUTEX_INIT;
}
