/*
 * The C library's locks. All are recursive, since a lock that is not could only hang where this one
 * goes on. With SMP=0 there is one thread and no atomic instruction.
 */
#include <stdlib.h>
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/spin.h>
#include <kiln/panic.h>
#include <posix_library.h>
#include "posix.h"

struct __lock __lock___libc_recursive_mutex;

/* An interrupt handler is not the thread that it interrupts. */
static uintptr_t self(void)
{
    return (uintptr_t)arch_thread_self() + arch_in_interrupt();
}

static bool take(_LOCK_T lock, uintptr_t me)
{
    uintptr_t owner = 0;

    if (KILN_CONFIG_SMP)
        return __atomic_compare_exchange_n(&lock->owner, &owner, me, false, __ATOMIC_ACQUIRE,
                                           __ATOMIC_RELAXED);
    if (lock->owner)
        return false;
    lock->owner = me;
    return true;
}

/* Waiting in an interrupt handler, or for a thread of this CPU, would never end. */
static void wait(_LOCK_T lock, uintptr_t me)
{
    do {
        if (!KILN_CONFIG_SMP || arch_in_interrupt())
            kiln_panic("an interrupt handler called the C library while it was in use");
        arch_spin_relax();
    } while (!take(lock, me));
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
    uintptr_t me = self();

    if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != me && !take(lock, me))
        wait(lock, me);
    lock->depth++;
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
    uintptr_t me = self();

    if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != me && !take(lock, me))
        return 0;
    lock->depth++;
    return 1;
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
    KILN_ASSERT(lock->owner == self() && lock->depth > 0);
    if (--lock->depth == 0)
        __atomic_store_n(&lock->owner, 0, KILN_CONFIG_SMP ? __ATOMIC_RELEASE : __ATOMIC_RELAXED);
}

/* Without memory for a lock of its own the object shares the library's, which is recursive. */
void __retarget_lock_init_recursive(_LOCK_T *lock)
{
    *lock = POSIX_LOCK_CREATE(lock, sizeof(**lock));
    if (!*lock)
        *lock = POSIX_GLOBAL_LOCK;
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
    if (lock != POSIX_GLOBAL_LOCK)
        POSIX_LOCK_DESTROY(lock);
}

#define SAME_AS(function) __attribute__((alias(#function)))

void __retarget_lock_init(_LOCK_T *lock) SAME_AS(__retarget_lock_init_recursive);
void __retarget_lock_close(_LOCK_T lock) SAME_AS(__retarget_lock_close_recursive);
void __retarget_lock_acquire(_LOCK_T lock) SAME_AS(__retarget_lock_acquire_recursive);
int __retarget_lock_try_acquire(_LOCK_T lock) SAME_AS(__retarget_lock_try_acquire_recursive);
void __retarget_lock_release(_LOCK_T lock) SAME_AS(__retarget_lock_release_recursive);
