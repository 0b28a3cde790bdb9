/* The inside of a thread. */
#ifndef CORE_THREAD_H
#define CORE_THREAD_H

#include <arch/context.h>
#include <core/held_locks.h>
#include <core/shared.h>
#include <core/timer.h>
#include <kiln/thread.h>
#include <kiln/wait.h>
#include <lib/list.h>
#include <stddef.h>

/* Ranks are twice a priority, so that one may stand between two. Who has the highest is preempted
 * by nobody. */
#define RANK_OF(priority) ((uint8_t)(2 * (priority)))
#define RANK_MOST         255

/* kiln_thread.state: where a thread is. With SMP=0 one that is READY waits if it has a queue. */
enum thread_state {
    THREAD_READY,
    THREAD_NEW,     /* is being created, and its CPU does not know yet */
    THREAD_WAITING, /* in a wait queue, or woken and its CPU does not know yet; SMP=1 */
    THREAD_SUSPENDED,
    THREAD_FINISHED,
    THREAD_GONE, /* it runs no more, once has_left is 1 */
    THREAD_SPARE /* nobody knows it */
};

/* kiln_thread.special: what the short ways of yield, wake and block leave to the long ones. */
#define SPECIAL_SUSPEND 1u /* is to be suspended when it wakes */
#define SPECIAL_RANK    2u /* its rank is not its priority: who is above it may have to wait */
#define SPECIAL_CANCEL  4u /* is to be cancelled */
#define SPECIAL_POLICY  8u /* is in its group's order: core/group.h */

/* kiln_thread.requests: what its CPU is to do with it. */
#define REQUEST_WAKE     1u
#define REQUEST_SUSPEND  2u
#define REQUEST_RESUME   4u
#define REQUEST_PRIORITY 8u
#define REQUEST_CANCEL   16u
#define REQUEST_MOVE     32u
#define REQUEST_END_WAIT 64u

/* kiln_thread.firm: it is not interrupted or cancelled; its deadline does not count, either. */
#define FIRM_WAIT     1u
#define FIRM_DEADLINE 2u

/* kiln_thread.is_detached: nobody joins it; somebody waits for its end by kiln_poll_wait(). */
#define THREAD_IS_DETACHED 1u
#define THREAD_IS_POLLED   2u

/* kiln_thread.notification: it waits in its own queue for that. */
#define CORE_WAITS_TO_BE_NOTIFIED (UINT64_C(1) << 63)

struct core_member;
struct kiln_channel;
struct kiln_mutex;
struct kiln_poll_item;

/*
 * Unless it says otherwise, a field belongs to the thread's CPU (`cpu`): it changes only there,
 * with interrupts masked.
 */
struct kiln_thread {
    struct arch_context context; /* first: arch/ finds it by arch_thread_self() */

    /* In the run queue: a ring of its priority. In a wait queue: a ring of all that wait there,
     * which that queue's lock protects. */
    struct kiln_thread *next, *previous;

    /* Its priority's ring on its CPU, and whether that has anybody: core_set_ring(). */
    struct kiln_thread **ring;
    uint64_t *ring_word;
    uint64_t ring_bit;

    uint8_t priority; /* 0 to 127, with what it inherits; in a wait queue under its lock */
    uint8_t own_rank; /* RANK_OF(priority) */
    uint8_t rank;     /* the same; or odd: whoever is not above that does not preempt */
    uint8_t state;    /* others look at it: thread_set_state() */
    uint8_t special;

    /* Under the wait queue's lock: the queue that it waits in, NULL once it is woken; and the ring
     * of the first of each priority there, NULL in others. */
    struct kiln_wait_queue *volatile queue;
    struct kiln_thread *next_level, *previous_level;
    void *exchange; /* while it waits: what the call that it waits in gives, or wants to be given */

    uint8_t base_priority; /* without what it inherits; core_inheritance_lock, as the next five: */
    uint8_t wanted_priority;     /* with it; counts once its CPU knows. Atomic */
    uint64_t notification;       /* atomic: its word, and whether it waits for that */
    struct kiln_mutex *held;     /* mutexes that it holds and that are listed: core/mutex.h */
    struct kiln_channel *serves; /* channels whose server it is; core_inheritance_lock */
    struct kiln_mutex *wants;    /* the one that it waits for */
    uint8_t threshold;           /* who is not above it does not preempt */
    uint32_t scheduler_locks;    /* nobody does */
    uint8_t has_own_stack;       /* kiln_stack_create()'s */
    uint8_t is_detached;         /* THREAD_IS_...; under `finished`'s lock */
    uint8_t is_painted;          /* its stack was filled, to see how much of it is used */
    uint8_t wants_cancel;        /* atomic */
    uint8_t cancel_is_off;
    uint8_t is_new;    /* has not run */
    uint8_t has_data;  /* has had pointers under keys */
    uint8_t firm;      /* FIRM_...: what does not end its wait; its queue's lock */
    uint32_t has_left; /* atomic: 1 once nothing runs on its stack any more */
    uint32_t cpu;      /* atomic: where it runs or will; changes only on that CPU */
    uint32_t mutexes;  /* how many locks it has to give back; CHECKS */
    uint32_t requests; /* atomic; who makes it differ from 0 puts it into its CPU's inbox */
    struct kiln_thread *inbox_next;
    struct core_timer timer; /* ends its wait */

    /* Those who join it; itself while it sleeps. */
    struct kiln_wait_queue finished;
    struct kiln_poll_item *pollers; /* who is told when it ends; its lock */
    struct kiln_thread *joiner;     /* under its lock: who has the right to its result */
    struct kiln_thread *joins;      /* the one that it waits for, in kiln_thread_join() */
    void *(*function)(void *argument);
    void *argument; /* then the result */

    const char *name;
    uintptr_t stack_bottom; /* lowest address; the pages around the stack are not mapped */
    uintptr_t stack_top;
    uint64_t id;   /* never used again */
    uint32_t cpus; /* bit n: it may run on CPU n */

    uint64_t ran;       /* RUN_TIME: arch_counter()'s units up to its last switch */
    uint64_t ran_since; /* RUN_TIME: when it was switched to */
    uint64_t switches;  /* RUN_TIME: how often */
    void *data[KILN_THREAD_DATA];
    struct core_member *member; /* of a group; NULL: its policy is the plain one */
    uint32_t load;              /* atomic: what its deadlines take of a CPU; 0: it has none */

    struct kiln_static_thread *definition; /* of a static one; else NULL */
    struct core_held_locks held_locks;     /* CHECKS; the thread's own */

    struct kiln_thread *registry_next, *registry_previous; /* core_threads_lock */
};
_Static_assert(offsetof(struct kiln_thread, context) == 0, "arch/ finds it there");

static inline void thread_set_state(struct kiln_thread *thread, enum thread_state state)
{
    CORE_SHARED_STORE(thread->state, (uint8_t)state);
}

/* Whether it is in its CPU's run queue, as the running thread is too. Its CPU; interrupts masked.
 */
static inline bool thread_is_ready(const struct kiln_thread *thread)
{
    return CORE_SHARED_LOAD(thread->state) == THREAD_READY && (KILN_CONFIG_SMP || !thread->queue);
}

/* All threads, and those that are kept for new ones: through registry_next. core_threads_lock, but
 * for debuggers and panics. */
extern struct kiln_thread *kiln_thread_list;
extern struct kiln_spinlock core_threads_lock;

/* A thread of the list, or the first behind it, that is no spare one; NULL: none. */
static inline struct kiln_thread *core_thread_listed(struct kiln_thread *thread)
{
    while (thread && thread->state == THREAD_SPARE)
        thread = thread->registry_next;
    return thread;
}

/* What is declared cannot stand in parentheses. NOLINTBEGIN(bugprone-macro-parentheses) */
#define core_for_each_thread(thread)                                                               \
    for (struct kiln_thread *thread = core_thread_listed(kiln_thread_list); thread;                \
         thread = core_thread_listed(thread->registry_next))
/* NOLINTEND(bugprone-macro-parentheses) */

/* The thread that runs main(). */
extern struct kiln_thread core_main_thread;

/* Gives the boot CPU's thread its stack and thread-local data. 0 or -ENOMEM. Boot. */
int core_thread_create_main(void);

#define CORE_IDLE_STACK_BYTES ((size_t)4096)

/* The idle thread of another CPU, on a stack of so many bytes; NULL when memory is used up. Boot
 * CPU, before that CPU runs. */
struct kiln_thread *core_thread_create_idle(unsigned cpu, uintptr_t stack);

/* Stacks of so many whole pages one above another, with an unmapped page below and above each;
 * their lowest addresses. 0 or -ENOMEM. Boot. */
int core_boot_stacks(const size_t *bytes, uintptr_t *bottoms, unsigned count);

/* Bytes and alignment of a thread's block of thread-local data; filling one. Any context. */
size_t core_tls_bytes(void);
size_t core_tls_align(void);
void core_tls_init(struct kiln_thread *thread, void *block);

/* Where a thread's thread-local data are. Any context. */
void core_thread_tls(const struct kiln_thread *thread, uintptr_t *start, uintptr_t *end);

#endif
