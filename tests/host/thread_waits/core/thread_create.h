/* In place of core's: threads of the host, which test_work_threads.c makes. */
#ifndef CORE_THREAD_CREATE_H
#define CORE_THREAD_CREATE_H

#include <kiln/thread.h>

struct kiln_thread *core_thread_prepare(void *memory, size_t bytes,
                                        const struct kiln_thread_attributes *attributes,
                                        void *(*function)(void *argument), void *argument);
void core_thread_start(struct kiln_thread *thread, uintptr_t irq_state);

#endif
