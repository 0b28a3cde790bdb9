/*
 * Mutexes. The word is the owner's address; its lowest bit sends everybody to the locks: threads
 * wait, and the mutex is on the list of its owner's. Whoever gives back a mutex that others wait
 * for hands it to the first of them.
 */
#include <kiln/mutex.h>

#include <errno.h>
#include <arch/spin.h>
#include <arch/step.h>
#include <core/mutex.h>
#include <core/priority.h>
#include <core/wait.h>
#include <kiln/time.h>

#define OTHERS_WAIT UINT64_C(1)

static uint64_t address_of(const struct kiln_thread *thread)
{
    return (uintptr_t)thread;
}

static struct kiln_thread *owner_in(uint64_t word)
{
    return (struct kiln_thread *)(uintptr_t)(word & ~OTHERS_WAIT);
}

/* Free: takes it. Else, if the thread may wait: marks it, and from then on it changes only under
 * core_inheritance_lock. */
static uint64_t take_or_mark(struct kiln_mutex *mutex, struct kiln_thread *self, bool may_wait)
{
    uint64_t word;

    do {
        word = arch_step_begin(&mutex->owner);
        if (word && (!may_wait || owner_in(word) == self))
            return word;
    } while (!arch_step_end(&mutex->owner, word, word ? word | OTHERS_WAIT : address_of(self)));
    return word;
}

static void add_held(struct kiln_thread *owner, struct kiln_mutex *mutex)
{
    mutex->next_held = owner->held;
    owner->held = mutex;
}

static void remove_held(struct kiln_thread *owner, struct kiln_mutex *mutex)
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
    struct kiln_thread *owner = owner_in(word);

    self->wants = NULL;
    if (word & OTHERS_WAIT) {
        core_lock(&mutex->queue.lock);
        bool was_last = !mutex->queue.first;

        core_unlock(&mutex->queue.lock);
        if (was_last) {
            remove_held(owner, mutex);
            __atomic_store_n(&mutex->owner, address_of(owner), __ATOMIC_RELEASE);
        }
        core_inherit(owner);
    }
    core_unlock(&core_inheritance_lock);
    core_reschedule(state);
}

static int cannot_wait(const struct kiln_mutex *mutex, struct kiln_thread *self, uint64_t word)
{
    if (word == 0)
        return 0;
    if (KILN_CONFIG_CHECKS && owner_in(word) == self)
        kiln_panic("mutex %p is locked by thread %s, which holds it", (const void *)mutex,
                   self->name);
    return owner_in(word) == self ? -EDEADLK : -EBUSY;
}

/* Whom the mutex is handed to has nothing more to do: it only wakes up. */
static __attribute__((noinline)) int lock_slowly(struct kiln_mutex *mutex, struct kiln_thread *self,
                                                 int64_t deadline)
{
    uintptr_t state = arch_irq_save();
    bool may_wait = deadline != KILN_NOWAIT;
    uint64_t word;
    int error;

    core_lock(&core_inheritance_lock);
    word = take_or_mark(mutex, self, may_wait);
    if (word == 0 || !may_wait || owner_in(word) == self) {
        core_unlock(&core_inheritance_lock);
        arch_irq_restore(state);
        return cannot_wait(mutex, self, word);
    }
    if (!(word & OTHERS_WAIT))
        add_held(owner_in(word), mutex);
    self->wants = mutex;
    error = core_wait_firmly(&mutex->queue, owner_in(word), deadline, state);
    if (error)
        give_up(mutex, self);
    return error;
}

static int lock_and_wait(struct kiln_mutex *mutex)
{
    return lock_slowly(mutex, arch_thread_self(), KILN_FOREVER);
}

/* With no thread but main() it is an interrupt handler of another CPU that has it. */
static int lock_alone(struct kiln_mutex *mutex)
{
    struct kiln_thread *self = arch_thread_self();

    while (kiln_mutex_try(mutex)) {
        uint64_t word = __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED);

        if (owner_in(word) == self)
            return cannot_wait(mutex, self, word);
        arch_spin_relax();
    }
    return 0;
}

static int refuse_unlock(struct kiln_mutex *mutex)
{
    if (KILN_CONFIG_CHECKS)
        kiln_panic("mutex %p is unlocked by thread %s, which does not hold it", (void *)mutex,
                   arch_thread_self()->name);
    return -EPERM;
}

/* What is not over in a few instructions. A program without threads has nothing of what threads
 * that wait need. Written before the first of them is there; atomic. */
static struct {
    int (*lock)(struct kiln_mutex *mutex);
    int (*unlock)(struct kiln_mutex *mutex);
} long_ways = {lock_alone, refuse_unlock};

int kiln_mutex_lock(struct kiln_mutex *mutex)
{
    uint64_t self = address_of(arch_thread_self()), word;

    do {
        word = arch_step_begin(&mutex->owner);
        if (__builtin_expect(word != 0, 0))
            return __atomic_load_n(&long_ways.lock, __ATOMIC_RELAXED)(mutex);
    } while (__builtin_expect(!arch_step_end(&mutex->owner, word, self), 0));
    return 0;
}

int kiln_mutex_try(struct kiln_mutex *mutex)
{
    struct kiln_thread *self = arch_thread_self();

    do {
        if (arch_step_begin(&mutex->owner))
            return -EBUSY;
    } while (!arch_step_end(&mutex->owner, 0, address_of(self)));
    return 0;
}

int kiln_mutex_lock_until(struct kiln_mutex *mutex, int64_t deadline)
{
    if (kiln_mutex_try(mutex) == 0)
        return 0;
    core_mutex_begin();
    return lock_slowly(mutex, arch_thread_self(), deadline);
}

/* The first of those who wait has it now; returns that thread, or NULL. core_inheritance_lock. */
static struct kiln_thread *hand_over(struct kiln_mutex *mutex, struct kiln_thread *self)
{
    struct kiln_thread *next;

    remove_held(self, mutex);
    core_lock(&mutex->queue.lock);
    next = core_wait_take(&mutex->queue);
    bool do_others_wait = mutex->queue.first != NULL;

    core_unlock(&mutex->queue.lock);
    if (next)
        next->wants = NULL;
    if (do_others_wait)
        add_held(next, mutex);
    __atomic_store_n(&mutex->owner, address_of(next) | (do_others_wait ? OTHERS_WAIT : 0),
                     __ATOMIC_RELEASE);
    core_inherit(self);
    return next;
}

/* Others wait, or waited: the last may have given up since the caller looked. */
static int unlock_slowly(struct kiln_mutex *mutex)
{
    struct kiln_thread *self = arch_thread_self();
    uintptr_t state = arch_irq_save();
    struct kiln_thread *next = NULL;

    if (owner_in(__atomic_load_n(&mutex->owner, __ATOMIC_RELAXED)) != self) {
        arch_irq_restore(state);
        return refuse_unlock(mutex);
    }
    core_lock(&core_inheritance_lock);
    if (mutex->owner & OTHERS_WAIT)
        next = hand_over(mutex, self);
    else
        __atomic_store_n(&mutex->owner, 0, __ATOMIC_RELEASE);
    core_unlock(&core_inheritance_lock);
    if (next)
        core_make_ready_anywhere(0, next);
    core_reschedule(state);
    return 0;
}

void core_mutex_begin(void)
{
    __atomic_store_n(&long_ways.lock, lock_and_wait, __ATOMIC_RELAXED);
    __atomic_store_n(&long_ways.unlock, unlock_slowly, __ATOMIC_RELAXED);
}

int kiln_mutex_unlock(struct kiln_mutex *mutex)
{
    uint64_t self = address_of(arch_thread_self()), word;

    do {
        word = arch_step_begin(&mutex->owner);
        if (__builtin_expect(word != self, 0))
            return __atomic_load_n(&long_ways.unlock, __ATOMIC_RELAXED)(mutex);
    } while (__builtin_expect(!arch_step_end(&mutex->owner, word, 0), 0));
    return 0;
}

void kiln_mutex_init(struct kiln_mutex *mutex)
{
    *mutex = (struct kiln_mutex)KILN_MUTEX_INIT;
}
