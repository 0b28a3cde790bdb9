/*
 * Bits in an array of words. The caller serialises access, and keeps bit numbers below the size
 * that it declared. Any context.
 */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include <stdbool.h>
#include <stddef.h>

#define BITMAP_WORD_BITS (8 * sizeof(unsigned long))

/* Words that hold this many bits: unsigned long map[BITMAP_WORDS(100)]; */
#define BITMAP_WORDS(bits) (((bits) + BITMAP_WORD_BITS - 1) / BITMAP_WORD_BITS)

static inline unsigned long bitmap_mask(size_t bit)
{
    return 1ul << (bit % BITMAP_WORD_BITS);
}

static inline void bitmap_set(unsigned long *map, size_t bit)
{
    map[bit / BITMAP_WORD_BITS] |= bitmap_mask(bit);
}

static inline void bitmap_clear(unsigned long *map, size_t bit)
{
    map[bit / BITMAP_WORD_BITS] &= ~bitmap_mask(bit);
}

static inline bool bitmap_test(const unsigned long *map, size_t bit)
{
    return (map[bit / BITMAP_WORD_BITS] & bitmap_mask(bit)) != 0;
}

/* First bit whose word, after flipping the bits of `flip`, has it set; `bits` if there is none. */
static inline size_t bitmap_find(const unsigned long *map, size_t bits, unsigned long flip)
{
    for (size_t i = 0; i < BITMAP_WORDS(bits); i++) {
        unsigned long word = map[i] ^ flip;

        if (word) {
            size_t bit = i * BITMAP_WORD_BITS + (size_t)__builtin_ctzl(word);

            return bit < bits ? bit : bits;
        }
    }
    return bits;
}

/* The lowest bit that is set (or clear) among the first `bits`, or `bits`. A few instructions
 * for each word. */
static inline size_t bitmap_find_first_set(const unsigned long *map, size_t bits)
{
    return bitmap_find(map, bits, 0);
}

static inline size_t bitmap_find_first_clear(const unsigned long *map, size_t bits)
{
    return bitmap_find(map, bits, ~0ul);
}

#endif
