/*
 * Reader-writer locks. What is not over in one step of the word is done under the locks of both
 * queues, and the lock is handed to those who wait.
 */
#include <kiln/rwlock.h>

#include <errno.h>
#include <arch/step.h>
#include <core/wait.h>
#include <kiln/time.h>

#define WAITED_FOR UINT64_C(1)
#define WRITER     UINT64_C(2)
#define READER     UINT64_C(4)

static uintptr_t lock_both(struct kiln_rwlock *lock)
{
    uintptr_t state = arch_irq_save();

    core_lock(&lock->readers.lock);
    core_lock(&lock->writers.lock);
    return state;
}

/* From now on the word changes only under the locks, which are held. */
static uint64_t mark(struct kiln_rwlock *lock)
{
    uint64_t word;

    do {
        word = arch_step_begin(&lock->word);
    } while (!arch_step_end(&lock->word, word, word | WAITED_FOR));
    return word | WAITED_FOR;
}

static void set(struct kiln_rwlock *lock, uint64_t word)
{
    __atomic_store_n(&lock->word, word, __ATOMIC_RELEASE);
}

static void set_writer(struct kiln_rwlock *lock, struct kiln_thread *writer)
{
    __atomic_store_n(&lock->writer, writer, __ATOMIC_RELAXED);
}

/* The same once nothing is left to do: if nobody waits the word says so. */
static void unlock_both(struct kiln_rwlock *lock, uint64_t word)
{
    bool is_waited_for = lock->readers.first || lock->writers.first;

    set(lock, is_waited_for ? word : word & ~WAITED_FOR);
    core_unlock(&lock->writers.lock);
    core_unlock(&lock->readers.lock);
}

static struct kiln_thread *admit_readers(struct kiln_rwlock *lock, uint64_t *word)
{
    struct kiln_thread *list = core_wait_take_all(&lock->readers);

    for (struct kiln_thread *thread = list; thread; thread = thread->next)
        *word += READER;
    return list;
}

static struct kiln_thread *admit_writer(struct kiln_rwlock *lock, uint64_t *word)
{
    struct kiln_thread *thread = core_wait_take(&lock->writers);

    if (thread) {
        *word |= WRITER;
        set_writer(lock, thread);
        thread->next = NULL;
    }
    return thread;
}

/* Nobody has it: those whose turn it is do now. The locks are held, and are released. */
static void pass_on(struct kiln_rwlock *lock, uint64_t word, bool has_written, uintptr_t state)
{
    struct kiln_thread *list = has_written ? admit_readers(lock, &word) : admit_writer(lock, &word);

    if (!list)
        list = has_written ? admit_writer(lock, &word) : admit_readers(lock, &word);
    unlock_both(lock, word);
    core_wake_list(0, list, state);
}

/* Lets those waiting go on who only waited for a writer that has given up. */
static void give_up_writing(struct kiln_rwlock *lock)
{
    uintptr_t state = lock_both(lock);
    uint64_t word = mark(lock);
    struct kiln_thread *list = NULL;

    if (!(word & WRITER) && !lock->writers.first && !core_wait_is_gone(lock->readers.first))
        list = admit_readers(lock, &word);
    unlock_both(lock, word);
    core_wake_list(0, list, state);
}

/* The locks are held, and are released, as in the next. */
static int refuse(struct kiln_rwlock *lock, uint64_t word, int error, uintptr_t state)
{
    unlock_both(lock, word);
    arch_irq_restore(state);
    if (error == -EIDRM)
        core_wait_refuse(&lock->readers);
    if (KILN_CONFIG_CHECKS && error == -EDEADLK)
        kiln_panic("lock %p is taken by thread %s, which writes", (void *)lock,
                   arch_thread_self()->name);
    return error;
}

/* Why the caller is not to wait; 0: it is. */
static int refusal(const struct kiln_rwlock *lock, int64_t deadline)
{
    if (core_wait_is_gone(lock->readers.first))
        return -EIDRM;
    if (deadline == KILN_NOWAIT)
        return -EBUSY;
    return lock->writer == arch_thread_self() ? -EDEADLK : 0;
}

static int read_slowly(struct kiln_rwlock *lock, int64_t deadline)
{
    uintptr_t state = lock_both(lock);
    uint64_t word = mark(lock);
    int error = refusal(lock, deadline);

    if (error != -EIDRM && !(word & WRITER) && !lock->writers.first) {
        unlock_both(lock, word + READER);
        arch_irq_restore(state);
        return 0;
    }
    if (error)
        return refuse(lock, word, error, state);
    core_unlock(&lock->writers.lock);
    return core_wait_firm_until(&lock->readers, deadline, state);
}

int kiln_rwlock_read_lock_until(struct kiln_rwlock *lock, int64_t deadline)
{
    uint64_t word;

    do {
        word = arch_step_begin(&lock->word);
        if (word & (WAITED_FOR | WRITER))
            return read_slowly(lock, deadline);
    } while (!arch_step_end(&lock->word, word, word + READER));
    return 0;
}

int kiln_rwlock_read_lock(struct kiln_rwlock *lock)
{
    uint64_t word;

    do {
        word = arch_step_begin(&lock->word);
        if (word & (WAITED_FOR | WRITER))
            return read_slowly(lock, KILN_FOREVER);
    } while (!arch_step_end(&lock->word, word, word + READER));
    return 0;
}

int kiln_rwlock_read_try(struct kiln_rwlock *lock)
{
    return kiln_rwlock_read_lock_until(lock, KILN_NOWAIT);
}

static int refuse_unlock(struct kiln_rwlock *lock)
{
    if (core_wait_is_gone(lock->readers.first))
        return core_wait_refuse(&lock->readers);
    if (KILN_CONFIG_CHECKS)
        kiln_panic("lock %p is given back by thread %s, which does not have it", (void *)lock,
                   arch_thread_self()->name);
    return -EPERM;
}

static __attribute__((noinline)) int read_unlock_slowly(struct kiln_rwlock *lock)
{
    uintptr_t state = lock_both(lock);
    uint64_t word = mark(lock);

    if (word < READER) {
        unlock_both(lock, word);
        arch_irq_restore(state);
        return refuse_unlock(lock);
    }
    word -= READER;
    if (word < READER) {
        pass_on(lock, word, false, state);
        return 0;
    }
    unlock_both(lock, word);
    arch_irq_restore(state);
    return 0;
}

int kiln_rwlock_read_unlock(struct kiln_rwlock *lock)
{
    uint64_t word;

    do {
        word = arch_step_begin(&lock->word);
        if ((word & WAITED_FOR) || word < READER)
            return read_unlock_slowly(lock);
    } while (!arch_step_end(&lock->word, word, word - READER));
    return 0;
}

static int write_slowly(struct kiln_rwlock *lock, int64_t deadline)
{
    uintptr_t state = lock_both(lock);
    uint64_t word = mark(lock);
    int error = refusal(lock, deadline);

    if (error != -EIDRM && word == WAITED_FOR) {
        set_writer(lock, arch_thread_self());
        unlock_both(lock, word | WRITER);
        arch_irq_restore(state);
        return 0;
    }
    if (error)
        return refuse(lock, word, error, state);
    core_unlock(&lock->readers.lock);
    error = core_wait_firm_until(&lock->writers, deadline, state);
    if (error == -ETIMEDOUT)
        give_up_writing(lock);
    return error;
}

int kiln_rwlock_write_lock_until(struct kiln_rwlock *lock, int64_t deadline)
{
    do {
        if (arch_step_begin(&lock->word))
            return write_slowly(lock, deadline);
    } while (!arch_step_end(&lock->word, 0, WRITER));
    set_writer(lock, arch_thread_self());
    return 0;
}

int kiln_rwlock_write_lock(struct kiln_rwlock *lock)
{
    return kiln_rwlock_write_lock_until(lock, KILN_FOREVER);
}

int kiln_rwlock_write_try(struct kiln_rwlock *lock)
{
    return kiln_rwlock_write_lock_until(lock, KILN_NOWAIT);
}

static bool is_writer(const struct kiln_rwlock *lock)
{
    return __atomic_load_n(&lock->writer, __ATOMIC_RELAXED) == arch_thread_self();
}

static __attribute__((noinline)) int write_unlock_slowly(struct kiln_rwlock *lock)
{
    uintptr_t state = lock_both(lock);

    if (!core_wait_is_gone(lock->readers.first)) {
        pass_on(lock, mark(lock) & ~WRITER, true, state);
        return 0;
    }
    unlock_both(lock, mark(lock));
    arch_irq_restore(state);
    return refuse_unlock(lock);
}

int kiln_rwlock_write_unlock(struct kiln_rwlock *lock)
{
    uint64_t word;

    if (!is_writer(lock))
        return refuse_unlock(lock);
    set_writer(lock, NULL);
    do {
        word = arch_step_begin(&lock->word);
        if (word != WRITER)
            return write_unlock_slowly(lock);
    } while (!arch_step_end(&lock->word, word, 0));
    return 0;
}

int kiln_rwlock_downgrade(struct kiln_rwlock *lock)
{
    struct kiln_thread *list;
    uintptr_t state;
    uint64_t word;

    if (!is_writer(lock))
        return refuse_unlock(lock);
    set_writer(lock, NULL);
    state = lock_both(lock);
    word = (mark(lock) & ~WRITER) + READER;
    if (core_wait_is_gone(lock->readers.first))
        return refuse(lock, word, -EIDRM, state);
    list = admit_readers(lock, &word);
    unlock_both(lock, word);
    core_wake_list(0, list, state);
    return 0;
}

void kiln_rwlock_init(struct kiln_rwlock *lock)
{
    *lock = (struct kiln_rwlock)KILN_RWLOCK_INIT;
}

void kiln_rwlock_destroy(struct kiln_rwlock *lock)
{
    uintptr_t state = lock_both(lock);

    set(lock, WAITED_FOR);
    core_unlock(&lock->writers.lock);
    core_wait_destroy(&lock->readers, state);
    state = arch_irq_save();
    core_lock(&lock->writers.lock);
    core_wait_destroy(&lock->writers, state);
}
