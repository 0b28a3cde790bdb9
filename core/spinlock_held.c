/* How long spinlocks are held. Each CPU notes those that it holds: all of them with interrupts
 * masked, so that nothing comes in between. */
#include <core/spinlock_held.h>

#include <arch/counter.h>
#include <core/backtrace.h>
#include <core/lock_order.h>
#include <core/symbols.h>
#include <irq_controller.h>
#include <kiln/cpu.h>
#include <kiln/log.h>

#define CPUS   (KILN_CONFIG_SMP ? IRQ_CPUS : 1)
#define NESTED 4 /* what is taken within so many is not looked at */

/* Whose rate is not known at once counts at most so fast. */
#define MOST_PER_US 4000

struct held {
    struct kiln_spinlock *lock; /* NULL: free */
    uintptr_t place;
    uint64_t since;
};

static struct cpu_held {
    struct held locks[NESTED];
    bool is_telling; /* the log has locks too */
} cpus[CPUS];

static uintptr_t last_told; /* atomic */

static struct held *find(const struct kiln_spinlock *lock)
{
    struct held *locks = cpus[kiln_cpu_id()].locks;

    for (unsigned i = 0; i < NESTED; i++)
        if (locks[i].lock == lock)
            return &locks[i];
    return NULL;
}

/* Asking for the rate may mean measuring it, which takes locks. */
static uint64_t per_us(void)
{
    return ARCH_CLOCK_IS_REFINED ? MOST_PER_US : arch_counter_hz() / 1000000;
}

static void tell(const struct held *held, uint64_t us)
{
    bool *is_telling = &cpus[kiln_cpu_id()].is_telling;
    size_t offset = 0;
    const char *name = core_symbol(held->place, &offset);

    if (*is_telling ||
        __atomic_exchange_n(&last_told, held->place, __ATOMIC_RELAXED) == held->place)
        return;
    *is_telling = true;
    kiln_log_warning("spinlock %p was held for %u us by CPU %u, which took it at %p %s+0x%x",
                     (void *)held->lock, (unsigned)us, kiln_cpu_id(), (void *)held->place,
                     name ? name : "?", (unsigned)offset);
    *is_telling = false;
}

static struct core_ordered_lock ordered(struct kiln_spinlock *lock)
{
#if KILN_CONFIG_CHECKS
    return (struct core_ordered_lock){"spinlock", lock, &lock->number};
#else
    return (struct core_ordered_lock){"spinlock", lock, NULL};
#endif
}

void core_spinlock_wanted(struct kiln_spinlock *lock)
{
    const struct held *locks = cpus[kiln_cpu_id()].locks;
    struct core_ordered_lock wanted = ordered(lock);

    if (!CORE_ORDERS_LOCKS)
        return;
    for (unsigned i = 0; i < NESTED; i++)
        if (locks[i].lock) {
            struct core_ordered_lock held = ordered(locks[i].lock);

            core_lock_order_note(&held, &wanted);
        }
}

void core_spinlock_taken(struct kiln_spinlock *lock, uintptr_t place)
{
    struct held *held = find(NULL);

    if (held)
        *held = (struct held){lock, place, arch_counter()};
}

void core_spinlock_released(const struct kiln_spinlock *lock)
{
    struct held *noted = find(lock), held;
    uint64_t time;

    if (!noted)
        return;
    held = *noted;
    noted->lock = NULL;
    time = arch_counter() - held.since;
    if (time > per_us() * KILN_CONFIG_SPINLOCK_LIMIT)
        tell(&held, time / per_us());
}

void core_spinlock_held_tell(unsigned cpu)
{
    for (unsigned i = 0; i < NESTED; i++) {
        const struct held *held = &cpus[cpu].locks[i];

        if (!held->lock)
            continue;
        core_print("  it holds spinlock %p, taken at:\n", (void *)held->lock);
        core_print_place(held->place, 1);
    }
}
