/* How much of a stack was used. */
#ifndef CORE_STACK_USED_H
#define CORE_STACK_USED_H

#include <core/thread.h>

/*
 * Goes on from the lower end of a painted stack, *from at first, to what is no longer as painted,
 * or for 512 bytes: some 260 instructions. True: it may be further up. Any context.
 */
bool core_stack_look(const struct kiln_thread *thread, uintptr_t *from);

#endif
