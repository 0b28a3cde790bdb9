/* How much of a stack was used. */
#ifndef CORE_STACK_USED_H
#define CORE_STACK_USED_H

#include <core/thread.h>

/* Bytes at the upper end of a painted stack that are no longer as painted; else 0. Any context. */
size_t core_stack_used(const struct kiln_thread *thread);

#endif
