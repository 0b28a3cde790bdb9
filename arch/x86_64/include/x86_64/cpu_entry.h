/*
 * Where another CPU begins: a page below 1 MiB, in real mode, which a startup interrupt names
 * (Intel SDM volume 3, 8.4). CPUs are started one after the other.
 */
#ifndef X86_64_CPU_ENTRY_H
#define X86_64_CPU_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

/* Not the program's: the board reserves it. */
#define CPU_ENTRY_PAGE 0x1000u

/* The next CPU to come is this one, from 1 up. Boot. */
void cpu_entry_expect(uint32_t cpu);

/* True until it has come. */
bool cpu_entry_is_waiting(void);

/* It may not come any more; one that does stops for good. False: it has just come. */
bool cpu_entry_give_up(void);

#endif
