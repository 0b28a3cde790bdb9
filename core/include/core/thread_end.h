/* The end of threads, and what they leave. */
#ifndef CORE_THREAD_END_H
#define CORE_THREAD_END_H

#include <core/thread.h>

/*
 * A spare thread that has a stack of so many bytes of its own; NULL: there is none. It stays in the
 * list of threads, and is seen again when its state is no longer THREAD_SPARE. Any context.
 */
struct kiln_thread *core_take_spare(size_t stack_bytes);

/* True: the definition's thread is the caller's, either as it was when it ended, or, if that is
 * `place`, as nobody has used it. False: it has not ended. Any context. */
bool core_take_static(struct kiln_static_thread *definition, struct kiln_thread *place,
                      bool *is_new);

/* From now on spare threads are given back when memory is short. After the first stack was made:
 * reclaimers are asked last come, first served, and spare threads' stacks go to those that are kept
 * for others. Thread context. */
void core_spares_may_go(void);

/* Takes each thread's pointer under a key away. Any context. */
void core_registry_forget_data(unsigned key);

/* Calls the destructors of the running thread's data. */
void core_thread_data_destroy(struct kiln_thread *self);

/* Threads with their thread-local data. */
struct kiln_thread *core_thread_allocate(void);
void core_thread_free(struct kiln_thread *thread);

#endif
