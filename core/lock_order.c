/*
 * The order in which locks are taken. Each pair of locks of which one was wanted while the other
 * was held is remembered, with the calls that led there; where the pairs make a ring, threads can
 * wait for each other for ever, whether they have yet or not.
 *
 * A lock has a number from its first pair on. One that is initialised again has none, and so
 * nothing of what was known of it.
 */
#include <core/lock_order.h>

#include <arch/cpu.h>
#include <arch/frame.h>
#include <arch/irq.h>
#include <core/backtrace.h>
#include <core/lock.h>
#include <core/panic.h>
#include <core/thread.h>

#define SETS    64 /* of pairs, by their numbers */
#define IN_SET  4  /* when a set is full its oldest pair is forgotten */
#define PAIRS   (SETS * IN_SET)
#define DEPTH   8
#define LONGEST 32 /* locks that are looked at for a ring */

struct pair {
    uint32_t held, wanted; /* numbers; 0: none */
    struct core_ordered_lock held_lock, wanted_lock;
    const char *thread;
    uintptr_t pcs[DEPTH];
    unsigned depth;
};

/* A lock that the wanted one leads to: by which pair, from which of those before. */
struct reached {
    uint32_t number;
    unsigned from;
    const struct pair *pair;
};

/* All of this changes under the lock, with interrupts masked. */
static struct kiln_spinlock lock = KILN_SPINLOCK_INIT;
static struct pair pairs[PAIRS];
static uint8_t oldest[SETS];
static struct reached reached[LONGEST];
static uint32_t last_number;
static bool has_panicked; /* atomic */

static uint32_t number_of(const struct core_ordered_lock *ordered)
{
    if (!*ordered->number)
        *ordered->number = ++last_number;
    return *ordered->number;
}

static unsigned set_of(uint32_t held, uint32_t wanted)
{
    return (held * 31 + wanted) % SETS;
}

static bool is_known(uint32_t held, uint32_t wanted)
{
    const struct pair *set = pairs + (size_t)set_of(held, wanted) * IN_SET;

    for (unsigned i = 0; i < IN_SET; i++)
        if (set[i].held == held && set[i].wanted == wanted)
            return true;
    return false;
}

static unsigned walk(uintptr_t frame, uintptr_t *pcs)
{
    struct arch_backtrace_step step = arch_backtrace_next(frame);
    unsigned depth = 0;

    for (; step.pc && depth < DEPTH; step = arch_backtrace_next(step.fp))
        pcs[depth++] = step.pc;
    return depth;
}

static struct pair *add(const struct core_ordered_lock *held,
                        const struct core_ordered_lock *wanted, uintptr_t frame)
{
    const struct kiln_thread *thread = arch_thread_self();
    unsigned set = set_of(*held->number, *wanted->number);
    struct pair *pair = &pairs[set * IN_SET + oldest[set]++ % IN_SET];

    *pair = (struct pair){.held = *held->number,
                          .wanted = *wanted->number,
                          .held_lock = *held,
                          .wanted_lock = *wanted,
                          .thread = thread ? thread->name : "boot"};
    pair->depth = walk(frame, pair->pcs);
    return pair;
}

static bool is_reached(uint32_t number, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (reached[i].number == number)
            return true;
    return false;
}

/* What was wanted while that one was held. Returns how many are reached now. */
static unsigned reach_from(unsigned from, unsigned count)
{
    for (const struct pair *pair = pairs; pair < pairs + PAIRS && count < LONGEST; pair++)
        if (pair->held == reached[from].number && !is_reached(pair->wanted, count))
            reached[count++] = (struct reached){pair->wanted, from, pair};
    return count;
}

/* How the first leads to the last, by the place of that in `reached`; 0: it does not. */
static unsigned find_way(uint32_t first, uint32_t last)
{
    unsigned count = 1, done = 0;

    reached[0] = (struct reached){first, 0, NULL};
    for (unsigned from = 0; from < count; from++)
        for (count = reach_from(from, count); done < count; done++)
            if (reached[done].number == last)
                return done;
    return 0;
}

static void print_pair(const struct pair *pair)
{
    core_print("  %s %p was wanted by thread %s, which held %s %p:\n", pair->wanted_lock.kind,
               pair->wanted_lock.object, pair->thread, pair->held_lock.kind,
               pair->held_lock.object);
    core_print_backtrace(pair->pcs, pair->depth);
}

/* The newest pair closes a ring with those that lead to `way`. */
static void tell(const struct pair *newest, unsigned way)
{
    bool is_panic = KILN_CONFIG_LOCK_ORDER == 2;

    if (is_panic) {
        __atomic_store_n(&has_panicked, true, __ATOMIC_RELAXED);
        core_panic_begin();
    }
    core_print(
        "\nkiln: %s: locks are taken in orders that can deadlock: %s %p while %s %p is held, "
        "and the other way round\n",
        is_panic ? "panic" : "warning", newest->wanted_lock.kind, newest->wanted_lock.object,
        newest->held_lock.kind, newest->held_lock.object);
    print_pair(newest);
    for (; way; way = reached[way].from)
        print_pair(reached[way].pair);
    if (is_panic)
        core_panic_end();
}

__attribute__((noinline)) void core_lock_order_note(const struct core_ordered_lock *held,
                                                    const struct core_ordered_lock *wanted)
{
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    uintptr_t state;
    unsigned way;

    if (__atomic_load_n(&has_panicked, __ATOMIC_RELAXED))
        return;
    state = arch_irq_save();
    core_lock(&lock);
    if (!is_known(number_of(held), number_of(wanted))) {
        way = find_way(*wanted->number, *held->number);
        const struct pair *newest = add(held, wanted, frame);

        if (way)
            tell(newest, way);
    }
    core_unlock(&lock);
    arch_irq_restore(state);
}

static struct core_ordered_lock ordered(struct kiln_mutex *mutex)
{
#if KILN_CONFIG_CHECKS
    return (struct core_ordered_lock){mutex->queue.kind, mutex, &mutex->queue.lock.number};
#else
    return (struct core_ordered_lock){mutex->queue.kind, mutex, NULL};
#endif
}

static bool holds(const struct core_held_locks *held, const struct kiln_mutex *mutex)
{
    for (unsigned i = 0; i < CORE_LOCKS_HELD && held->mutexes[i]; i++)
        if (held->mutexes[i] == mutex)
            return true;
    return false;
}

/* One that it holds already, as it may a recursive one, it does not wait for. */
void core_lock_order_want(const struct core_held_locks *held, struct kiln_mutex *mutex)
{
    struct core_ordered_lock wanted = ordered(mutex);

    if (holds(held, mutex))
        return;
    for (unsigned i = 0; i < CORE_LOCKS_HELD && held->mutexes[i]; i++) {
        struct core_ordered_lock other = ordered(held->mutexes[i]);

        core_lock_order_note(&other, &wanted);
    }
}

void core_lock_order_take(struct core_held_locks *held, struct kiln_mutex *mutex)
{
    for (unsigned i = 0; i < CORE_LOCKS_HELD; i++)
        if (!held->mutexes[i]) {
            held->mutexes[i] = mutex;
            return;
        }
}

/* The last of them, if it has taken the mutex several times. */
void core_lock_order_give(struct core_held_locks *held, const struct kiln_mutex *mutex)
{
    unsigned count = 0, place;

    while (count < CORE_LOCKS_HELD && held->mutexes[count])
        count++;
    for (place = count; place > 0 && held->mutexes[place - 1] != mutex; place--)
        continue;
    if (place == 0)
        return;
    for (; place < count; place++)
        held->mutexes[place - 1] = held->mutexes[place];
    held->mutexes[count - 1] = NULL;
}
