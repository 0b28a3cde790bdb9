/*
 * Several CPUs: threads go where nothing else is to run. A CPU that has nothing to do says so, is
 * sent threads that become ready elsewhere and would have to wait there, and asks others for some
 * of theirs. Where all are busy, and threads wait that another CPU would run, or run sooner, some
 * go there every 10 ms. While nobody waits there is no such tick: the next wake-up starts it.
 * SMP=1.
 */
#ifndef CORE_BALANCE_H
#define CORE_BALANCE_H

#include <core/thread.h>

/* Bit n: CPU n is idle, and nobody has sent it a thread yet. CORE_NO_TICK: who makes a thread ready
 * is to see whether a tick is to start; a bit of this word, so that wake-ups look at one. Changed
 * by atomic steps. */
extern volatile uint32_t core_idle_cpus;
#define CORE_NO_TICK (UINT32_C(1) << 31)

/* A thread has become ready, or may run elsewhere from now on: starts the tick if this CPU has
 * several. Interrupts masked. */
void core_balance_soon(void);

static inline void core_note_ready(void)
{
    if (KILN_CONFIG_SMP && (core_idle_cpus & CORE_NO_TICK))
        core_balance_soon();
}

/* This CPU has nothing to run, and then it has again. Interrupts masked. */
void core_idle_begin(void);
void core_idle_end(void);

/* Sends a thread that is ready, but in no run queue, to another CPU that is idle. False: it stays.
 * Its CPU; interrupts masked. */
bool core_send_to_idle(struct kiln_thread *thread);

/* Gives threads to the CPUs that have asked for some. The interrupt between CPUs. */
void core_give(void);

/* Moves a thread off this CPU, if it may no longer run here. Its CPU; interrupts masked. */
void core_move_here(struct kiln_thread *thread);

/* What the idle thread does for one that has just been left: sends it on its way. */
void core_send_moving(void);

#endif
