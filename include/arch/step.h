/*
 * The arch contract: one atomic step on a word of 64 bits that is computed from what stands in it.
 * Any context. Between begin and end are a few loads and stores to other words and no call.
 */
#ifndef ARCH_STEP_H
#define ARCH_STEP_H

#include <stdbool.h>
#include <stdint.h>

/* What stands in the word; acquire order. It need not come to an end. */
static inline uint64_t arch_step_begin(const uint64_t *word);

/*
 * Puts another value in place of what arch_step_begin has returned; release order. False: begin
 * again, something was, or may have been, written to the word. That something else was written, and
 * the old value again, may not be noticed: a count in the word tells.
 */
static inline bool arch_step_end(uint64_t *word, uint64_t old, uint64_t value);

#include <isa/step.h>

#endif
