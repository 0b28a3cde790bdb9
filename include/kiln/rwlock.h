/*
 * Reader-writer locks: any number of readers, or one writer. They take turns: who gives back the
 * lock as a writer lets all readers go on that wait, the last reader the first writer that waits.
 * So a reader waits for one writer at most that came after it, or is above it, and a writer for
 * those readers only that came before it, and for those that came while one writer each had the
 * lock that was before it. Nobody inherits a priority; who waits is neither interrupted nor
 * cancelled.
 *
 * A reader that takes the lock once more waits for a writer that came in between, which waits for
 * the reader: nobody takes it twice.
 */
#ifndef KILN_RWLOCK_H
#define KILN_RWLOCK_H

#include <kiln/api.h>
#include <kiln/wait.h>

KILN_BEGIN

/** A reader-writer lock. Its members are the runtime's own. */
struct kiln_rwlock {
    uint64_t word; /* 1: threads may wait; 2: a writer has it; 4 for each reader. Atomic, but with
                      the first of these under the lock of `readers` */
    struct kiln_thread *writer;              /* that has it, and alone writes this; atomic */
    struct kiln_wait_queue readers, writers; /* the lock of the first goes before the other's */
};

/** A lock that is free. */
#define KILN_RWLOCK_INIT                                                                           \
    {                                                                                              \
        0, NULL, KILN_WAIT_QUEUE_INIT("lock to read"), KILN_WAIT_QUEUE_INIT("lock to write")       \
    }
#define KILN_RWLOCK(name) struct kiln_rwlock name = KILN_RWLOCK_INIT

/** Makes one that is free. Any context. */
void kiln_rwlock_init(struct kiln_rwlock *lock);

/** Nobody is to use it any more: those who wait go on with -EIDRM. Who uses it later gets that, too
 * (a debug build panics). Any context. */
void kiln_rwlock_destroy(struct kiln_rwlock *lock);

/** Takes it as a reader. 0; -EDEADLK: the caller has it as the writer (a debug build panics);
 * -EIDRM. Thread context with interrupts on. 8 instructions if nobody writes or waits. */
int kiln_rwlock_read_lock(struct kiln_rwlock *lock);

/** The same until a deadline: -ETIMEDOUT; KILN_NOWAIT: as kiln_rwlock_read_try(). Thread context
 * with interrupts on. */
int kiln_rwlock_read_lock_until(struct kiln_rwlock *lock, int64_t deadline);

/** The same without waiting: -EBUSY, also if a writer waits. Thread context. */
int kiln_rwlock_read_try(struct kiln_rwlock *lock);

/** Gives it back. 0; -EPERM: there is no reader (a debug build panics). Thread context. */
int kiln_rwlock_read_unlock(struct kiln_rwlock *lock);

/** Takes it as the writer, as above. Thread context with interrupts on; trying: thread context. */
int kiln_rwlock_write_lock(struct kiln_rwlock *lock);
int kiln_rwlock_write_lock_until(struct kiln_rwlock *lock, int64_t deadline);
int kiln_rwlock_write_try(struct kiln_rwlock *lock);

/** Gives it back. 0; -EPERM: the caller is not the writer (a debug build panics). Thread context.
 */
int kiln_rwlock_write_unlock(struct kiln_rwlock *lock);

/** The writer is a reader from now on, with those that wait to read. 0; -EPERM as above. Thread
 * context. */
int kiln_rwlock_downgrade(struct kiln_rwlock *lock);

KILN_END

#endif
