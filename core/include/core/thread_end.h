/* The end of threads, and what they leave. */
#ifndef CORE_THREAD_END_H
#define CORE_THREAD_END_H

#include <core/thread.h>

/* Nothing runs on its stack any more: whoever joins it is woken; if nobody is to, its memory is
 * spare. Interrupts masked. */
void core_thread_gone(struct kiln_thread *thread);

/* A spare thread that has a stack of so many bytes of its own, not to be seen any more; NULL: there
 * is none. Any context. */
struct kiln_thread *core_take_spare(size_t stack_bytes);

/* The registry of all threads. Any context. */
void core_registry_add(struct kiln_thread *thread);
void core_registry_remove(struct kiln_thread *thread);

/* Takes each thread's pointer under a key away. Any context. */
void core_registry_forget_data(unsigned key);

/* Calls the destructors of the running thread's data. */
void core_thread_data_destroy(struct kiln_thread *self);

/* Threads with their thread-local data. */
struct kiln_thread *core_thread_allocate(void);
void core_thread_free(struct kiln_thread *thread);

#endif
