/*
 * Threads: create them, end them, wait for them, and say how they are scheduled. Of the threads
 * that are ready one of the highest priority runs on each CPU; whoever becomes ready above it takes
 * its place at once.
 *
 * A thread that was created joinable is there until somebody joins or detaches it, also when it has
 * ended; after that nobody may use its pointer any more. Its id is never used again.
 */
#ifndef KILN_THREAD_H
#define KILN_THREAD_H

#include <kiln/api.h>

KILN_BEGIN

struct kiln_thread;

/** Priorities are 0 to 127; a higher number runs first. main() starts with the middle one. */
#define KILN_PRIORITIES       128
#define KILN_PRIORITY_DEFAULT 64

/** Bytes of a thread's stack unless its attributes say otherwise; FP registers, if it uses them,
 * are kept on it while it is preempted: 528 bytes on AArch64, up to 2.7 KiB on x86_64. */
#define KILN_STACK_DEFAULT ((size_t)16 * 1024)

/** What a cancelled thread's result is. */
#define KILN_CANCELLED ((void *)-1)

/** What a thread is to be; zeros are the defaults. */
struct kiln_thread_attributes {
    const char *name;   /**< stays the caller's; NULL: "thread" */
    void *stack;        /**< the caller's memory, aligned to 16 bytes; NULL: one is made, with
                             unmapped pages around it */
    size_t stack_bytes; /**< 0: KILN_STACK_DEFAULT */
    int priority;       /**< 0 to 127; KILN_THREAD_ATTRIBUTES has the default */
    int threshold;      /**< who is not above it does not preempt the thread; 0: its priority */
    uint32_t cpus;      /**< bit n: may run on CPU n; 0: on all */
    bool is_detached;   /**< nobody joins it */
    bool is_suspended;  /**< starts with kiln_thread_resume() */
    bool is_painted;    /**< its stack is filled, to tell later how much of it was used */
};

/** The defaults. */
#define KILN_THREAD_ATTRIBUTES(...)                                                                \
    (&(const struct kiln_thread_attributes){.priority = KILN_PRIORITY_DEFAULT, __VA_ARGS__})

/**
 * Creates a thread that runs function(argument); what the function returns is its result. NULL for
 * attributes are the defaults, with the caller's priority. 0, and the thread in *created (which may
 * be NULL for a detached one); -EINVAL: an attribute is out of range, a stack has less than
 * KILN_STACK_LEAST bytes, or no CPU that runs is among `cpus`; -ENOMEM. Thread context with
 * interrupts on. Costs some 250 instructions if a thread with as large a stack has ended lately.
 */
int kiln_thread_create(struct kiln_thread **created,
                       const struct kiln_thread_attributes *attributes,
                       void *(*function)(void *argument), void *argument);
#define KILN_STACK_LEAST ((size_t)1024)

/** A thread in memory of the program's own. Its members are the runtime's own. */
struct kiln_static_thread {
    struct kiln_thread *thread; /* NULL: it has not been started; core_threads_lock */
    void *(*function)(void *argument);
    void *argument;
    void *memory;
    size_t memory_bytes;
    struct kiln_thread_attributes attributes;
};

/** Bytes that a static thread takes beside its stack, thread-local data of 256 bytes included; what
 * these take beyond that is the stack's. */
#define KILN_THREAD_BYTES ((size_t)1024)

/**
 * Defines a thread `name` that runs function(argument) once kiln_thread_start() has started it, and
 * needs no heap. Attributes may follow, such as .priority = 70. No page around its stack is
 * unmapped.
 */
#define KILN_THREAD(name, stack_bytes, function, argument, ...)                                    \
    static char name##_memory[(stack_bytes) + KILN_THREAD_BYTES]                                   \
        __attribute__((section(".noinit." #name), aligned(64)));                                   \
    struct kiln_static_thread name = {                                                             \
        NULL,                                                                                      \
        function,                                                                                  \
        argument,                                                                                  \
        name##_memory,                                                                             \
        sizeof(name##_memory),                                                                     \
        {#name, NULL, 0, .priority = KILN_PRIORITY_DEFAULT, __VA_ARGS__}}

/**
 * Starts it; it goes to *started, which may be NULL. It may be started again when it has ended, and
 * has been joined or is detached. 0; -EBUSY: it has not ended, or nobody has joined it; -EINVAL: as
 * kiln_thread_create(); -ENOMEM: thread-local data leave less than KILN_STACK_LEAST bytes for its
 * stack. Thread context with interrupts on.
 */
int kiln_thread_start(struct kiln_static_thread *definition, struct kiln_thread **started);

/** Ends the calling thread with a result. main() returns instead: there it panics. Destroys the
 * thread's data (kiln_thread_key_create). Thread context, no lock held. */
KILN_NORETURN void kiln_thread_exit(void *result);

/**
 * Waits until a thread has ended, and gives back what it held; its result goes to *result, which
 * may be NULL. One thread can join another. 0; -EDEADLK: it is the caller; -EINVAL: it is detached,
 * or somebody else joins it; -EINTR: the wait was interrupted. Thread context. A cancellation
 * point.
 */
int kiln_thread_join(struct kiln_thread *thread, void **result);

/** The same until a deadline (kiln/time.h), after which it is -ETIMEDOUT; KILN_NOWAIT: -EBUSY if it
 * has not ended yet. Thread context. */
int kiln_thread_join_until(struct kiln_thread *thread, void **result, int64_t deadline);

/** Nobody is going to join it: what it holds is given back when it ends. 0; -EINVAL: it is detached
 * already, or somebody joins it. Thread context. */
int kiln_thread_detach(struct kiln_thread *thread);

/** The running thread; in an interrupt handler the one that was interrupted. Any context. */
struct kiln_thread *kiln_thread_self(void);

/** Its name, for messages; never NULL. Any context. */
const char *kiln_thread_name(const struct kiln_thread *thread);

/** A number that no other thread has had since boot. Any context. */
uint64_t kiln_thread_id(const struct kiln_thread *thread);

/** The thread with an id; NULL: it is gone. It may end at any time, unless the caller is to join
 * it. Looks at each thread. Any context. */
struct kiln_thread *kiln_thread_find(uint64_t id);

/** Lets those of the same priority run that are ready, each before the caller has its next turn.
 * Thread context; elsewhere it does nothing. 8 instructions if there is none. */
void kiln_thread_yield(void);

/**
 * Keeps a thread from running until it is resumed; one that waits goes on waiting, and stays
 * suspended when that ends. Suspending twice is as once. 0; -ESRCH: it has ended. Any context but
 * a spinlock held; on another CPU it takes effect a little later.
 */
int kiln_thread_suspend(struct kiln_thread *thread);
int kiln_thread_resume(struct kiln_thread *thread);

/** Its priority without what it inherits, and setting it. -EINVAL: no priority, or the thread has a
 * policy other than FIFO (kiln/policy.h); -ESRCH: it has ended. Any context but a spinlock held; on
 * another CPU it takes effect a little later. */
int kiln_thread_priority(const struct kiln_thread *thread);
int kiln_thread_set_priority(struct kiln_thread *thread, int priority);

/** Where a thread may run from now on: bit n, on CPU n. 0; -EINVAL: none of them runs; -EBUSY: its
 * deadlines (kiln/policy.h) could be missed on each of them; -ESRCH: it has ended. Any context but
 * a spinlock held; a thread elsewhere moves a little later, and stays if no CPU has room for its
 * deadlines any more by then. */
int kiln_thread_set_cpus(struct kiln_thread *thread, uint32_t cpus);

/** The caller is preempted by nobody until it unlocks as often; it may wait, and others run
 * meanwhile. Interrupt handlers run. Thread context. About 10 instructions each. */
void kiln_scheduler_lock(void);
void kiln_scheduler_unlock(void);

/** Who is not above `priority` does not preempt the caller. Returns what was before; 0: its own
 * priority. Thread context. */
int kiln_thread_set_threshold(int priority);

/** Ends the wait of a thread that waits or sleeps: the call it waits in returns -EINTR, but for
 * locking a mutex, which goes on. 0; -EAGAIN: it does not wait. Any context but a spinlock held; on
 * another CPU it takes effect a little later, if the thread waits then. */
int kiln_thread_interrupt(struct kiln_thread *thread);

/**
 * Asks a thread to end: it does, as by kiln_thread_exit(KILN_CANCELLED), at its next cancellation
 * point: a call that has to wait (but for locking a mutex), or kiln_thread_test_cancel(). What has
 * ended its wait by then counts first.
 * 0; -ESRCH: it has ended. Any context but a spinlock held.
 */
int kiln_thread_cancel(struct kiln_thread *thread);

/** Whether the caller may be cancelled; returns what was before. Thread context. */
bool kiln_thread_set_cancellable(bool is_cancellable);

/** Ends here if the caller is to be cancelled and may be. Thread context. */
void kiln_thread_test_cancel(void);

/** Data of each thread's own beside _Thread_local variables: so many keys. */
#define KILN_THREAD_DATA 8

/** A key under which each thread keeps a pointer, NULL at first. The destructor, if not NULL, gets
 * what is not NULL when a thread ends. 0 or -EAGAIN: all keys are in use. Thread context. */
int kiln_thread_key_create(unsigned *key, void (*destructor)(void *data));

/** Gives the key back; nothing is destroyed. -EINVAL: it is none. Thread context. */
int kiln_thread_key_delete(unsigned key);

/** The caller's pointer under a key. Thread context. -EINVAL: there is no such key; NULL. */
int kiln_thread_set_data(unsigned key, void *data);
void *kiln_thread_data(unsigned key);

/** Where a thread is. */
enum kiln_thread_state {
    KILN_THREAD_NEW,
    KILN_THREAD_READY,
    KILN_THREAD_RUNNING,
    KILN_THREAD_BLOCKED, /**< waits_for says on what */
    KILN_THREAD_SLEEPING,
    KILN_THREAD_SUSPENDED,
    KILN_THREAD_FINISHED
};

struct kiln_thread_info {
    uint64_t id;
    const char *name;
    enum kiln_thread_state state;
    const char *waits_for; /**< "semaphore", "mutex"; NULL: it does not wait */
    int priority;          /**< with what it inherits */
    unsigned cpu;
    size_t stack_bytes;
    size_t stack_used_bytes; /**< at most so far, of one that is painted; else 0 */
    int64_t run_time;        /**< nanoseconds; RUN_TIME=1, else 0 */
    uint64_t switches;       /**< how often it was given a CPU; RUN_TIME=1, else 0 */
};

/** What is known of a thread at a moment. Any context. */
void kiln_thread_get_info(const struct kiln_thread *thread, struct kiln_thread_info *info);

/** Fills in up to `count` threads, the newest first; returns how many there are. They are looked at
 * one after the other: those that start meanwhile are left out. Some 100 instructions a thread, and
 * 5 for each 8 bytes that one whose stack is painted has never used. Any context. */
unsigned kiln_thread_list_info(struct kiln_thread_info *infos, unsigned count);

/** What a state is called. Any context. */
const char *kiln_thread_state_name(enum kiln_thread_state state);

KILN_END

#endif
