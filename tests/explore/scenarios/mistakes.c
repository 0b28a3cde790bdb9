/* What an explorer has to find: each of these fails in some schedule, and most of them only in few.
 */
#include <explore.h>

#include <arch/spin.h>
#include <kiln/spinlock.h>
#include <kiln/thread.h>

#define PUT  0
#define TAKE 1

static struct kiln_spinlock outer = KILN_SPINLOCK_INIT, inner = KILN_SPINLOCK_INIT;
static uint32_t flag;
static unsigned count;
static unsigned *pointer = &count;
static uint64_t places[4];
static unsigned put_count, take_count;

/* Two locks in two orders. */

static void hold_both(struct kiln_spinlock *first, struct kiln_spinlock *second)
{
    uintptr_t outside = kiln_spin_lock(first);
    uintptr_t inside = kiln_spin_lock(second);

    kiln_spin_unlock(second, inside);
    kiln_spin_unlock(first, outside);
}

static void hold_outer_first(void *unused)
{
    (void)unused;
    hold_both(&outer, &inner);
}

static void hold_inner_first(void *unused)
{
    (void)unused;
    hold_both(&inner, &outer);
}

static void deadlock(void)
{
    explore_thread("first", 64, 0, hold_outer_first, NULL);
    explore_thread("second", 64, 1, hold_inner_first, NULL);
}

/* Waiting for what never comes. */

static void spin(void *unused)
{
    (void)unused;
    while (!__atomic_load_n(&flag, __ATOMIC_ACQUIRE))
        arch_spin_relax();
}

static void yield(void *unused)
{
    (void)unused;
    while (!__atomic_load_n(&flag, __ATOMIC_ACQUIRE))
        kiln_thread_yield();
}

static void spins(void)
{
    explore_thread("spins", 64, 0, spin, NULL);
}

static void yields(void)
{
    explore_thread("first", 64, 0, yield, NULL);
    explore_thread("second", 64, 0, yield, NULL);
}

/* A sum that is not taken in one step. */

static void add_one(void *unused)
{
    (void)unused;
    count++;
}

static void add_from_handler(void)
{
    count++;
}

static void lost_update(void)
{
    explore_thread("first", 64, 0, add_one, NULL);
    explore_thread("second", 64, 1, add_one, NULL);
}

static void lost_to_interrupt(void)
{
    explore_thread("adds", 64, 0, add_one, NULL);
    explore_interrupt("adds", 0, add_from_handler);
}

static void two_counted(void)
{
    EXPLORE_CHECK(count == 2);
}

/* A pointer that another CPU takes away after it was looked at. */

static void use(void *unused)
{
    (void)unused;
    if (__atomic_load_n(&pointer, __ATOMIC_RELAXED))
        (*__atomic_load_n(&pointer, __ATOMIC_RELAXED))++;
}

static void take_away(void *unused)
{
    (void)unused;
    __atomic_store_n(&pointer, NULL, __ATOMIC_RELAXED);
}

static void wild_access(void)
{
    explore_thread("uses", 64, 0, use, NULL);
    explore_thread("takes away", 64, 1, take_away, NULL);
}

/* A queue of two producers that says what its place is before it is filled. */

static void put(void *item)
{
    unsigned call = explore_call(PUT, (uintptr_t)item);

    places[__atomic_fetch_add(&put_count, 1, __ATOMIC_RELAXED)] = (uintptr_t)item;
    explore_return(call, 0);
}

static void take(void)
{
    unsigned call = explore_call(TAKE, 0);

    explore_return(call, take_count < put_count ? places[take_count++] : 0);
}

static void take_both(void *unused)
{
    (void)unused;
    take();
    take();
}

static uint64_t apply(void *state, unsigned operation, uint64_t argument)
{
    uint64_t *items = state, first = items[0];

    if (operation == PUT) {
        items[items[0] ? 1 : 0] = argument;
        return 0;
    }
    items[0] = items[1];
    items[1] = 0;
    return first;
}

static void bad_queue(void)
{
    explore_thread("puts", 64, 0, put, (void *)1);
    explore_thread("takes", 64, 1, take_both, NULL);
}

static void is_linear(void)
{
    static const struct explore_model model = {2 * sizeof(uint64_t), apply};

    explore_check_linear(&model);
}

const struct explore_scenario explore_scenarios[] = {
#if KILN_CONFIG_SMP
    {"deadlock", "two locks are taken in one order", 2, deadlock, NULL, NULL, EXPLORE_ALL, 0},
    {"lost_update", "a sum of two CPUs is complete", 2, lost_update, NULL, two_counted, EXPLORE_ALL,
     0},
    {"wild_access", "what is looked at stays", 2, wild_access, NULL, NULL, EXPLORE_ALL, 0},
    {"bad_queue", "what was put is taken", 2, bad_queue, NULL, is_linear, EXPLORE_ALL, 0},
#endif
    {"spins", "a spinning CPU sees what it waits for", 1, spins, NULL, NULL, EXPLORE_ALL, 0},
    {"yields", "two threads make way for a third", 1, yields, NULL, NULL, EXPLORE_ALL, 0},
    {"lost_to_interrupt", "a sum with an interrupt's is complete", 1, lost_to_interrupt, NULL,
     two_counted, EXPLORE_ALL, 0},
    {0},
};
