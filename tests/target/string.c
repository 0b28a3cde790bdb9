/*
 * memcpy, memmove, memset, memcmp and strlen against loops over bytes: every small size, alignment
 * and overlap, up to the last byte before an unmapped page, and sizes that take the long paths.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "tap.h"

#define SIZES      300
#define ALIGNMENTS 16
#define MARGIN     64
#define AREA       (SIZES + 2 * MARGIN + ALIGNMENTS)

static unsigned char from[AREA], to[AREA], want[AREA];

/* The volatile index keeps the compiler from making the loops calls of what is tested. */
#define BYTES __attribute__((noinline))

BYTES static void copy_bytes(unsigned char *target, const unsigned char *source, size_t bytes)
{
    for (volatile size_t i = 0; i < bytes; i++)
        target[i] = source[i];
}

BYTES static void fill_bytes(unsigned char *target, unsigned char value, size_t bytes)
{
    for (volatile size_t i = 0; i < bytes; i++)
        target[i] = value;
}

BYTES static bool same_bytes(const unsigned char *a, const unsigned char *b, size_t bytes)
{
    for (volatile size_t i = 0; i < bytes; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static void scramble(unsigned char *area, unsigned seed)
{
    for (size_t i = 0; i < AREA; i++) {
        seed = seed * 1103515245 + 12345;
        area[i] = seed >> 16;
    }
}

static bool copies(size_t target, size_t source, size_t bytes)
{
    scramble(from, bytes + 1);
    scramble(to, bytes + 2);
    copy_bytes(want, to, AREA);
    copy_bytes(want + MARGIN + target, from + MARGIN + source, bytes);
    return memcpy(to + MARGIN + target, from + MARGIN + source, bytes) == to + MARGIN + target &&
           same_bytes(to, want, AREA);
}

static void test_memcpy(void)
{
    unsigned wrong = 0;

    for (size_t bytes = 0; bytes < SIZES; bytes++)
        for (size_t target = 0; target < ALIGNMENTS; target += bytes < 140 ? 1 : 5)
            for (size_t source = 0; source < ALIGNMENTS; source += 3)
                wrong += !copies(target, source, bytes);
    tap_check(wrong == 0, "memcpy: every size and alignment");
}

/* The overlap from MARGIN below to MARGIN above. */
static bool moves(int distance, size_t at, size_t bytes)
{
    unsigned char *target = to + MARGIN + at + distance;

    scramble(to, bytes + 3);
    copy_bytes(want, to, AREA);
    copy_bytes(from, to, AREA);
    copy_bytes(want + MARGIN + at + distance, from + MARGIN + at, bytes);
    return memmove(target, to + MARGIN + at, bytes) == target && same_bytes(to, want, AREA);
}

static void test_memmove(void)
{
    unsigned wrong = 0;

    for (size_t bytes = 0; bytes < SIZES; bytes += bytes < 140 ? 1 : 7)
        for (int distance = -MARGIN; distance <= MARGIN; distance += bytes % 4 + 1)
            wrong += !moves(distance, bytes % ALIGNMENTS, bytes);
    tap_check(wrong == 0, "memmove: every size and distance");
}

static bool sets(size_t at, int value, size_t bytes)
{
    scramble(to, bytes + 4);
    copy_bytes(want, to, AREA);
    fill_bytes(want + MARGIN + at, (unsigned char)value, bytes);
    return memset(to + MARGIN + at, value, bytes) == to + MARGIN + at && same_bytes(to, want, AREA);
}

static void test_memset(void)
{
    unsigned wrong = 0;

    for (size_t bytes = 0; bytes < SIZES; bytes++)
        for (size_t at = 0; at < ALIGNMENTS; at++)
            wrong += !sets(at, 0x5A5, bytes) + !sets(at, 0, bytes);
    tap_check(wrong == 0, "memset: every size and alignment");
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void test_memcmp(void)
{
    unsigned wrong = 0;

    for (size_t bytes = 1; bytes < 80; bytes++) {
        for (size_t at = 0; at < bytes; at++) {
            scramble(from, bytes);
            copy_bytes(to + 3, from + 1, bytes);
            to[3 + at] ^= 0x80;
            wrong += sign(memcmp(from + 1, to + 3, bytes)) != (from[1 + at] < to[3 + at] ? -1 : 1);
            wrong += sign(memcmp(to + 3, from + 1, bytes)) != (from[1 + at] < to[3 + at] ? 1 : -1);
            wrong += memcmp(from + 1, to + 3, at) != 0;
        }
    }
    tap_check(wrong == 0, "memcmp: every size and place of the difference");
    TAP_EQUAL(memcmp("\1\0\0\0\0\0\0\2", "\2\0\0\0\0\0\0\1", 8) < 0, 1);
}

static void test_strlen(void)
{
    unsigned wrong = 0;

    for (size_t at = 0; at < ALIGNMENTS; at++) {
        for (size_t length = 0; length < 100; length++) {
            memset(to, 0, AREA);
            for (size_t i = 0; i < length; i++)
                to[at + i] = (unsigned char)(i % 3 ? 0x80 : i % 2 ? 0x01 : 0xFF);
            wrong += strlen((char *)to + at) != length;
            to[at + length + 1] = 0x01;
            wrong += strlen((char *)to + at) != length;
        }
    }
    tap_check(wrong == 0, "strlen: every length and alignment");
}

/* Beyond what the areas hold: whole blocks of dc zva, and both directions of long moves. */
static void test_large(void)
{
    enum { LARGE = 20000 };
    unsigned char *area = malloc(LARGE + 200);
    unsigned wrong = 0;

    TAP_NEED(area != NULL);
    for (size_t at = 0; at < 130; at += 13) {
        fill_bytes(area, 0x77, LARGE + 200);
        memset(area + at, 0, LARGE - 13 * at);
        for (size_t i = 0; i < LARGE + 200; i++)
            wrong += area[i] != (i >= at && i < at + LARGE - 13 * at ? 0 : 0x77);
    }
    for (size_t i = 0; i < LARGE; i++)
        area[i] = (unsigned char)(i * 7 ^ i >> 8);
    memmove(area + 99, area, LARGE);
    for (size_t i = 0; i < LARGE; i++)
        wrong += area[i + 99] != (unsigned char)(i * 7 ^ i >> 8);
    memmove(area + 1, area + 99, LARGE);
    for (size_t i = 0; i < LARGE; i++)
        wrong += area[i + 1] != (unsigned char)(i * 7 ^ i >> 8);
    tap_check(wrong == 0, "memset and memmove of 20,000 bytes");
    free(area);
}

/* All five on the bytes [start, start + bytes), with nothing mapped on one side of them. */
static unsigned use_edge(unsigned char *start, size_t bytes)
{
    unsigned wrong = 0;

    memset(start, 1, bytes);
    copy_bytes(from, start, bytes);
    wrong += memcmp(start, from, bytes) != 0;
    memcpy(to, start, bytes);
    wrong += !same_bytes(to, from, bytes);
    memmove(start, from, bytes);
    if (bytes) {
        start[bytes - 1] = 0;
        wrong += strlen((char *)start) != bytes - 1;
    }
    return wrong;
}

/* The guard page below the interrupt stack: boot's last-resort stack ends in front of it. */
static void test_edges(void)
{
    extern unsigned char __irq_stack_guard[], __irq_stack_bottom[];
    unsigned wrong = 0;

    for (size_t bytes = 0; bytes < 256; bytes++) {
        wrong += use_edge(__irq_stack_guard - bytes, bytes);
        wrong += use_edge(__irq_stack_bottom, bytes);
    }
    tap_check(wrong == 0, "nothing outside the range is touched");
}

int main(void)
{
    test_memcpy();
    test_memmove();
    test_memset();
    test_memcmp();
    test_strlen();
    test_large();
    test_edges();
    return tap_done();
}
