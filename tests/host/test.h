/* What the host's tests share: TAP points, and random numbers that a printed seed brings back. */
#ifndef TEST_H
#define TEST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "../target/tap.h"

static uint64_t test_state;

/* Seeds the random numbers: the first word of the command line, or a number of the test's own. */
static inline void test_begin(int argc, char **argv, uint64_t seed)
{
    if (argc > 1)
        seed = strtoull(argv[1], NULL, 0);
    printf("# seed %llu\n", (unsigned long long)seed);
    test_state = seed;
}

/* 64 random bits (splitmix64). */
static inline uint64_t test_random(void)
{
    uint64_t z = test_state += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* A random number below `limit`, which is not 0. */
static inline uint64_t test_below(uint64_t limit)
{
    return test_random() % limit;
}

/*
 * For properties that are checked often and make one point together: the first few failures are
 * described, and the count is the point.
 */
static int test_violations;

#define TEST_HOLDS(condition, ...)                                                                 \
    do {                                                                                           \
        if (!(condition) && test_violations++ < 5) {                                               \
            printf("# %s:%d: not %s: ", __FILE__, __LINE__, #condition);                           \
            printf(__VA_ARGS__);                                                                   \
            putchar('\n');                                                                         \
        }                                                                                          \
    } while (0)

static inline void test_property(const char *what)
{
    tap_check(test_violations == 0, what);
    test_violations = 0;
}

#endif
