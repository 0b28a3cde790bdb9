/* Threads that use FP and SIMD registers or do not. Compiled without such registers. */
#ifndef THREADS_H
#define THREADS_H

#include <stdint.h>
#include "../fp_state/registers.h"

#define ROUNDS 40

/* What a thread is told, and what it has found. */
struct user {
    uint32_t number;       /* of its registers' patterns: its own, in steps of 16 */
    uint32_t cpu;          /* where it runs */
    bool began_clean;      /* trapped at first, and then found what a thread starts with */
    unsigned lost;         /* rounds in which a register had changed */
    unsigned unlike;       /* looks that found FP registers usable, or not, against its use */
    struct registers want; /* room */
    struct registers found;
};

/* How often each CPU's thread of high priority ran. */
extern uint32_t ticks[];

/* Its end: atomic. */
extern uint32_t stop;

/* Loads all registers, and looks at them once the thread of high priority has preempted it. */
void *use_preempted(void *user);

/* Loads all registers, and looks at those that a call keeps after it has let others run. */
void *use_and_yield(void *user);

/* Never uses one. */
void *use_none(void *user);

/* The thread of high priority: uses all registers, and sleeps. */
void *tick(void *user);

#endif
