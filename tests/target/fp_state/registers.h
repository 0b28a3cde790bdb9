/* FP and SIMD registers of an instruction set, all at once. Compiled without such registers. */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REGISTERS_WORDS 256 /* at most */

struct registers {
    uint32_t words[REGISTERS_WORDS] __attribute__((aligned(64)));
};

/* Finds what this CPU has, for the copy of the runtime's functions too. */
void registers_begin(void);

/* Another value in each register for each number; 0 is what a thread starts with. */
void registers_pattern(struct registers *registers, uint32_t number);

void registers_load(const struct registers *from);
void registers_store(struct registers *to);

/* True where a thread's first use of FP traps, and is let through. */
bool registers_are_lazy(void);

/* Makes the next use of FP the first. */
void registers_forget(void);

/* True until then. */
bool registers_trap(void);

/* Empties what has to be empty when a function is called. */
void registers_end(void);

/* Whether what was stored after a call that had switched to other threads is, of what was loaded
 * before it, what a function keeps for its caller. */
bool registers_keep(const struct registers *found, const struct registers *want);

#endif
