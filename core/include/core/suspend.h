/* Suspending and resuming, on the thread's CPU; interrupts masked. */
#ifndef CORE_SUSPEND_H
#define CORE_SUSPEND_H

#include <core/thread.h>

/* Takes effect for the running thread when interrupts are on again. */
void core_suspend_here(struct kiln_thread *thread);
void core_resume_here(struct kiln_thread *thread);

#endif
