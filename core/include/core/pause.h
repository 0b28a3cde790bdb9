/* Holding the other CPUs still while one looks at all memory. Builds with CHECK_LEAKS. */
#ifndef CORE_PAUSE_H
#define CORE_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Has every other CPU wait in its interrupt handler, its registers on its interrupt stack, until
 * core_resume_others(). One that takes no interrupt within a second goes on. Thread
 * context, interrupts on, one caller at a time.
 */
void core_pause_others(void);
void core_resume_others(void);

/* Whether a CPU is held, and then what of its stacks is in use: up from `*handler` its interrupt
 * stack, up from `*thread` that of the thread it runs. */
bool core_paused_at(unsigned cpu, uintptr_t *handler, uintptr_t *thread);

/* The interrupt handler's part: waits. */
void core_pause_here(void);

#endif
