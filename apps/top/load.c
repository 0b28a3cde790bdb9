#include <kiln.h>
#include <stdbool.h>

#include "load.h"

#define TURN         KILN_MILLISECONDS(1)

#define PRIORITY_LOW 16 /* computes when the others do not */

static KILN_SEMAPHORE(never, 0);

static void *compute(void *unused)
{
    volatile unsigned step = 0;

    (void)unused;
    for (;;)
        step = step + 1;
    return NULL;
}

static void *compute_half(void *unused)
{
    (void)unused;
    for (;;) {
        kiln_delay_for(TURN / 2);
        kiln_sleep_for(TURN / 2);
    }
    return NULL;
}

static void *sleep_mostly(void *unused)
{
    (void)unused;
    for (;;)
        kiln_sleep_for(TURN);
    return NULL;
}

static void *wait(void *unused)
{
    (void)unused;
    kiln_semaphore_wait(&never);
    return NULL;
}

static bool start(const char *name, int priority, void *(*function)(void *unused))
{
    struct kiln_thread *thread;

    return kiln_thread_create(&thread,
                              KILN_THREAD_ATTRIBUTES(.name = name, .priority = priority,
                                                     .is_detached = true, .is_painted = true),
                              function, NULL) == 0;
}

bool load_start(void)
{
    return start("computes", PRIORITY_LOW, compute) &&
           start("half", KILN_PRIORITY_DEFAULT - 1, compute_half) &&
           start("sleeps", KILN_PRIORITY_DEFAULT - 1, sleep_mostly) &&
           start("waits", KILN_PRIORITY_DEFAULT - 1, wait);
}
