/*
 * The C library's locks. All are recursive, since a lock that is not could only hang where this one
 * goes on. Whoever holds one has the priority of those who wait for it.
 */
#include <stdlib.h>
#include <arch/cpu.h>
#include <arch/irq.h>
#include <kiln/panic.h>
#include <posix_library.h>
#include "locks.h"
#include "posix.h"

struct __lock __lock___libc_recursive_mutex;

/* To its mutex an interrupt handler is the thread that it interrupts. */
static bool is_mine(_LOCK_T lock)
{
    uint64_t owner = __atomic_load_n(&lock->mutex.owner, __ATOMIC_RELAXED);

    return (owner & ~UINT64_C(1)) == (uintptr_t)arch_thread_self() &&
           lock->is_handlers == arch_in_interrupt();
}

/* Somebody has it, whom an interrupt handler cannot wait for. */
static __attribute__((noinline)) void wait(_LOCK_T lock)
{
    if (arch_in_interrupt())
        kiln_panic("an interrupt handler called the C library while it was in use");
    lock->mutex.queue.kind = "C library";
    kiln_mutex_lock(&lock->mutex);
}

static void begin(_LOCK_T lock)
{
    lock->is_handlers = arch_in_interrupt();
    lock->depth = 1;
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
    if (is_mine(lock)) {
        lock->depth++;
        return;
    }
    if (kiln_mutex_try(&lock->mutex))
        wait(lock);
    begin(lock);
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
    if (is_mine(lock))
        lock->depth++;
    else if (kiln_mutex_try(&lock->mutex))
        return 0;
    else
        begin(lock);
    return 1;
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
    KILN_ASSERT(is_mine(lock) && lock->depth > 0);
    if (--lock->depth == 0)
        kiln_mutex_unlock(&lock->mutex);
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
