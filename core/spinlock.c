/* Spinlocks. What is not configured in is neither in the structure nor in the code. */
#include <kiln/spinlock.h>

#include <arch/irq.h>
#include <arch/spin.h>
#include <core/irq_restore.h>
#include <core/spinlock_held.h>
#include <kiln/cpu.h>
#include <kiln/panic.h>

#define LOOKS_AT_TIME (KILN_CONFIG_CHECKS && KILN_CONFIG_SPINLOCK_LIMIT > 0)

#if KILN_CONFIG_SMP
_Static_assert(sizeof(((struct kiln_spinlock *)0)->tickets) == sizeof(arch_spinlock_t),
               "kiln/spinlock.h spells the arch's lock out");

static void take(struct kiln_spinlock *lock)
{
    arch_spin_lock((arch_spinlock_t *)&lock->tickets);
}

static void give_back(struct kiln_spinlock *lock)
{
    arch_spin_unlock((arch_spinlock_t *)&lock->tickets);
}
#else
static void take(struct kiln_spinlock *lock)
{
    (void)lock;
}

static void give_back(struct kiln_spinlock *lock)
{
    (void)lock;
}
#endif

/* The owner is written by the CPU that holds the lock; one that does not hold it only has to see
 * that it is not itself. */
#if KILN_CONFIG_CHECKS
static bool is_mine(const struct kiln_spinlock *lock)
{
    return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == kiln_cpu_id() + 1;
}

static void set_owner(struct kiln_spinlock *lock, uint32_t owner)
{
    __atomic_store_n(&lock->owner, owner, __ATOMIC_RELAXED);
}
#else
static bool is_mine(const struct kiln_spinlock *lock)
{
    (void)lock;
    return true;
}

static void set_owner(struct kiln_spinlock *lock, uint32_t owner)
{
    (void)lock;
    (void)owner;
}
#endif

uintptr_t kiln_spin_lock(struct kiln_spinlock *lock)
{
    uintptr_t state = arch_irq_save();

    if (KILN_CONFIG_CHECKS && is_mine(lock))
        kiln_panic("spinlock %p is taken by CPU %u, which holds it", (void *)lock, kiln_cpu_id());
    if (LOOKS_AT_TIME)
        core_spinlock_wanted(lock);
    take(lock);
    if (KILN_CONFIG_CHECKS)
        set_owner(lock, kiln_cpu_id() + 1);
    if (LOOKS_AT_TIME)
        core_spinlock_taken(lock, (uintptr_t)__builtin_return_address(0));
    return state;
}

void kiln_spin_unlock(struct kiln_spinlock *lock, uintptr_t state)
{
    if (KILN_CONFIG_CHECKS && !is_mine(lock))
        kiln_panic("spinlock %p is released by CPU %u, which does not hold it", (void *)lock,
                   kiln_cpu_id());
    if (KILN_CONFIG_CHECKS)
        set_owner(lock, 0);
    give_back(lock);
    if (LOOKS_AT_TIME)
        core_spinlock_released(lock);
    core_irq_restore(state);
}
