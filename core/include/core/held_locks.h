/* Which locks a thread holds: a debug build knows. */
#ifndef CORE_HELD_LOCKS_H
#define CORE_HELD_LOCKS_H

#include <kiln/mutex.h>

/* What a thread holds beyond so many is not looked at. */
#define CORE_LOCKS_HELD 8

/* In the order in which it took them, then NULL. Without CHECKS it takes no room. */
struct core_held_locks {
    struct kiln_mutex *mutexes[KILN_CONFIG_CHECKS * CORE_LOCKS_HELD];
};

#endif
