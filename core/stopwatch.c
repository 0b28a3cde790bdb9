/* Stop-watches. */
#include <kiln/stopwatch.h>

#include <kiln/time.h>

int64_t kiln_stopwatch_elapsed(const struct kiln_stopwatch *watch)
{
    return watch->does_run ? kiln_time_now() - watch->since : watch->shown;
}

void kiln_stopwatch_start(struct kiln_stopwatch *watch)
{
    watch->lap = 0;
    watch->does_run = true;
    watch->since = kiln_time_now();
}

int64_t kiln_stopwatch_stop(struct kiln_stopwatch *watch)
{
    watch->shown = kiln_stopwatch_elapsed(watch);
    watch->does_run = false;
    return watch->shown;
}

void kiln_stopwatch_resume(struct kiln_stopwatch *watch)
{
    if (!watch->does_run)
        watch->since = kiln_time_now() - watch->shown;
    watch->does_run = true;
}

int64_t kiln_stopwatch_lap(struct kiln_stopwatch *watch)
{
    int64_t shown = kiln_stopwatch_elapsed(watch), lap = shown - watch->lap;

    watch->lap = shown;
    return lap;
}
