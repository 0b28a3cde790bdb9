/* The order of locks: what could deadlock is told before it does, by one thread alone. What is in
 * order, recursive, tried, or new is not. */
#include <kiln.h>
#include <string.h>
#include "tap.h"

static KILN_MUTEX(first);
static KILN_MUTEX(second);
static KILN_MUTEX(third);
static struct kiln_spinlock spin_first = KILN_SPINLOCK_INIT, spin_second = KILN_SPINLOCK_INIT;

__attribute__((noinline)) static void lock_both(struct kiln_mutex *outer, struct kiln_mutex *inner)
{
    TAP_EQUAL(kiln_mutex_lock(outer), 0);
    TAP_EQUAL(kiln_mutex_lock(inner), 0);
    kiln_mutex_unlock(inner);
    kiln_mutex_unlock(outer);
}

__attribute__((noinline)) static void lock_in_order(void)
{
    lock_both(&first, &second);
    TAP_CHECK(!kiln_mutex_owner(&first));
}

__attribute__((noinline)) static void lock_in_disorder(void)
{
    lock_both(&second, &first);
    TAP_CHECK(!kiln_mutex_owner(&second));
}

__attribute__((noinline)) static void spin_both(struct kiln_spinlock *outer,
                                                struct kiln_spinlock *inner)
{
    uintptr_t state = kiln_spin_lock(outer);

    kiln_spin_unlock(inner, kiln_spin_lock(inner));
    kiln_spin_unlock(outer, state);
    TAP_CHECK(outer != inner);
}

/* Nobody waits for ever for what is only tried. */
static void try_in_disorder(void)
{
    kiln_mutex_lock(&second);
    TAP_EQUAL(kiln_mutex_try(&first), 0);
    kiln_mutex_unlock(&first);
    TAP_EQUAL(kiln_mutex_lock_until(&first, kiln_time_now() + KILN_MILLISECONDS(1)), 0);
    kiln_mutex_unlock(&first);
    kiln_mutex_unlock(&second);
}

/* What is given back out of order is held no longer. */
static void give_back_out_of_order(void)
{
    kiln_mutex_lock(&first);
    kiln_mutex_lock(&second);
    kiln_mutex_unlock(&first);
    TAP_EQUAL(kiln_mutex_lock(&third), 0);
    kiln_mutex_unlock(&second);
    TAP_EQUAL(kiln_mutex_lock(&first), 0);
    kiln_mutex_unlock(&third);
    kiln_mutex_unlock(&first);
}

static void start_anew(void)
{
    struct kiln_mutex here = KILN_MUTEX_INIT;

    for (unsigned i = 0; i < 2; i++) {
        lock_both(i ? &here : &first, i ? &first : &here);
        kiln_mutex_init(&here);
    }
}

static void pass(void)
{
    lock_in_order();
    lock_in_order();
    try_in_disorder();
    start_anew();
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    pass();
    if (strcmp(what, "two") == 0)
        lock_in_disorder();
    if (strcmp(what, "three") == 0) {
        lock_both(&second, &third);
        lock_both(&third, &first);
    }
    if (strcmp(what, "spin") == 0) {
        spin_both(&spin_first, &spin_second);
        spin_both(&spin_second, &spin_first);
    }
    if (strcmp(what, "out-of-order") == 0)
        give_back_out_of_order();
    return tap_done();
}
