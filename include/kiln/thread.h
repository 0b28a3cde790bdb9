/* Threads: so far the main thread, and one idle thread on each further CPU. */
#ifndef KILN_THREAD_H
#define KILN_THREAD_H

#include <kiln/api.h>

KILN_BEGIN

struct kiln_thread;

/** The running thread; in an interrupt handler the one that was interrupted. Any context. */
struct kiln_thread *kiln_thread_self(void);

/** Its name, for messages; never NULL. Any context. */
const char *kiln_thread_name(const struct kiln_thread *thread);

KILN_END

#endif
