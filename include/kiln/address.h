/*
 * Waiting for a word of memory to change, without an object for it: what other means of waiting can
 * be built on. Who changes the word wakes those who wait for it to.
 */
#ifndef KILN_ADDRESS_H
#define KILN_ADDRESS_H

#include <kiln/api.h>

KILN_BEGIN

/**
 * Waits while the word has that value, until somebody wakes it; it may be woken though the word has
 * not changed. 0; -EAGAIN: the word has another value, or KILN_NOWAIT; -ETIMEDOUT; -EINTR: the wait
 * was interrupted. Thread context with interrupts on. A cancellation point. Looking at the word and
 * beginning to wait are one step to kiln_address_wake().
 */
int kiln_address_wait(const uint32_t *word, uint32_t value, int64_t deadline);

/**
 * Wakes those who wait for the word, those of the highest priority first, no more than so many;
 * returns how many. The word is changed before, atomically. Any context; with a spinlock held
 * whoever is woken runs when that is released. The cost does not depend on who waits for other
 * words, but for one in 64 of those.
 */
unsigned kiln_address_wake(const uint32_t *word, unsigned count);

KILN_END

#endif
