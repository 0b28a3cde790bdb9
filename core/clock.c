/* The wall clock. */
#include <kiln/clock.h>

#include <errno.h>
#include <kiln/time.h>

/* Wall clock minus monotonic clock; atomic. */
static int64_t offset;

int64_t kiln_clock_now(void)
{
    return kiln_time_now() + __atomic_load_n(&offset, __ATOMIC_RELAXED);
}

int kiln_clock_set(int64_t now)
{
    if (now < 0)
        return -EINVAL;
    __atomic_store_n(&offset, now - kiln_time_now(), __ATOMIC_RELAXED);
    return 0;
}

int64_t kiln_clock_deadline(int64_t time)
{
    int64_t deadline;

    if (time == KILN_FOREVER || time == KILN_NOWAIT)
        return time;
    if (__builtin_sub_overflow(time, __atomic_load_n(&offset, __ATOMIC_RELAXED), &deadline))
        return time < 0 ? KILN_NOWAIT : KILN_FOREVER;
    return deadline;
}
