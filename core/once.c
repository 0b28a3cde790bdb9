/* Doing something once: under a robust mutex, which says when a thread has ended over it. */
#include <kiln/once.h>

#include <errno.h>

static __attribute__((noinline)) int do_once(struct kiln_once *once,
                                             void (*function)(void *argument), void *argument)
{
    int error = kiln_mutex_lock(&once->mutex);

    if (error == -EOWNERDEAD)
        error = kiln_mutex_consistent(&once->mutex);
    if (error)
        return error;
    if (!__atomic_load_n(&once->is_done, __ATOMIC_RELAXED)) {
        function(argument);
        __atomic_store_n(&once->is_done, 1, __ATOMIC_RELEASE);
    }
    return kiln_mutex_unlock(&once->mutex);
}

int kiln_once_call(struct kiln_once *once, void (*function)(void *argument), void *argument)
{
    if (__builtin_expect(__atomic_load_n(&once->is_done, __ATOMIC_ACQUIRE), 1))
        return 0;
    return do_once(once, function, argument);
}
