/* Threads in memory of the runtime's own. */
#ifndef CORE_THREAD_CREATE_H
#define CORE_THREAD_CREATE_H

#include <core/thread.h>

/*
 * A thread that never ends, in memory that is aligned to 64 bytes and holds its stack, the thread
 * and its thread-local data. Panics if they leave less than KILN_STACK_LEAST for the stack. Any
 * context; interrupts masked.
 */
struct kiln_thread *core_thread_prepare(void *memory, size_t bytes,
                                        const struct kiln_thread_attributes *attributes,
                                        void *(*function)(void *argument), void *argument);

/* Has a new thread run, as core_wake() does. Interrupts masked; restores their state. */
void core_thread_start(struct kiln_thread *thread, uintptr_t irq_state);

#endif
