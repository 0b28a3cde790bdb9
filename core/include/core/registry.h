/* The list of all threads, and walks along it that mask interrupts for a few threads at a time. */
#ifndef CORE_REGISTRY_H
#define CORE_REGISTRY_H

#include <core/thread.h>

/* Puts a thread that is new into the list of threads. Any context. */
void core_list_thread(struct kiln_thread *thread);

/* Takes a spare one out; walks go on behind it. core_threads_lock. */
void core_unlist_thread(struct kiln_thread *thread);

/* A walk, the newest first. Threads that are listed meanwhile are left out. core_threads_lock. */
struct core_walk {
    struct core_walk *next, **link; /* all walks */
    struct kiln_thread *next_thread;
    struct kiln_thread *thread; /* the last that was found; NULL: it is no longer listed */
    unsigned left;              /* until interrupts are let through */
    unsigned at_once;
    uintptr_t irq_state;
};

/* From here to core_walk_end() interrupts are masked, and core_threads_lock is held, but for gaps
 * in core_walk_next(), at least after so many threads, and in core_walk_pause(). Any context. */
void core_walk_begin(struct core_walk *walk, unsigned at_once);
void core_walk_end(struct core_walk *walk);

/* The next thread, or spare one; NULL: there is none. */
struct kiln_thread *core_walk_next(struct core_walk *walk);

/* Lets interrupts through, and others at the list. */
void core_walk_pause(struct core_walk *walk);

#endif
