/* One fault: the word that asks for it, what it does, and the code that does it. */
#ifndef CRASH_H
#define CRASH_H

#include <stdint.h>

struct crash {
    const char *word;
    const char *what;
    void (*run)(void);
};

/* Each group ends with an entry without a word. */
extern const struct crash memory_crashes[];
extern const struct crash instruction_crashes[];
extern const struct crash program_crashes[];

/* A number that the compiler cannot see through. */
static inline uintptr_t hide(uintptr_t value)
{
    __asm__ volatile("" : "+r"(value));
    return value;
}

/* Behind a call: keeps the compiler from leaving the function before it, out of backtraces too. */
#define STAY __asm__ volatile("")

#endif
