/*
 * The console's two modes at the end of a pipe. console.bin is what random_byte() makes: 8 KiB with
 * every byte that line editing acts on, so that a lost, doubled or unquoted one shows.
 */
#include <kiln.h>
#include <stdlib.h>
#include <string.h>
#include "tap.h"

#define BYTES 8192

static uint8_t wanted[BYTES], got[BYTES + 100];

static uint8_t random_byte(void)
{
    static uint32_t state = 1;

    state = state * 1103515245u + 12345u;
    return (uint8_t)(state >> 16);
}

/* The first byte that is wrong, or BYTES. */
static size_t first_difference(void)
{
    size_t i = 0;

    while (i < BYTES && got[i] == wanted[i])
        i++;
    return i;
}

static void check_whole(size_t bytes)
{
    TAP_EQUAL(bytes, BYTES);
    TAP_EQUAL(first_difference(), BYTES);
    TAP_EQUAL(kiln_console_read(got, sizeof(got)), 0);
    TAP_EQUAL(kiln_console_read(got, sizeof(got)), 0);
    TAP_EQUAL(kiln_console_readable(), 0);
}

/* Reads pieces of at most `most` bytes. Returns how many came in all. */
static size_t read_to_end(size_t most, size_t bytes)
{
    size_t count;

    while (bytes < BYTES && (count = kiln_console_read(got + bytes, most)) > 0)
        bytes += count;
    return bytes;
}

static void by_lines(void)
{
    size_t bytes = 0, count, beyond = 0;

    while (bytes < BYTES && (count = kiln_console_read(got + bytes, sizeof(got) - bytes)) > 0) {
        beyond += memchr(got + bytes, '\n', count - 1) != NULL;
        bytes += count;
    }
    TAP_EQUAL(beyond, 0);
    check_whole(bytes);
}

static void by_small_reads(void)
{
    check_whole(read_to_end(3, 0));
}

static void raw(void)
{
    kiln_console_set_raw(true);
    check_whole(read_to_end(700, 0));
}

/* What was typed for one mode is not lost to the other. */
static void changing(void)
{
    size_t bytes = 0;

    for (unsigned turn = 0; turn < 40; turn++) {
        kiln_console_set_raw(turn % 2 == 0);
        bytes += kiln_console_read(got + bytes, 1 + turn);
    }
    check_whole(read_to_end(500, bytes));
}

/* The program is busy while its input comes: the ring fills, and the rest waits outside. */
static void busy(void)
{
    size_t bytes = 0;

    while (bytes < BYTES / 2) {
        bytes += kiln_console_read(got + bytes, 1000);
        kiln_sleep_for(2000000);
    }
    check_whole(read_to_end(1000, bytes));
}

static void readable(void)
{
    uint8_t first;
    size_t waiting;

    while ((waiting = kiln_console_readable()) == 0)
        kiln_sleep_for(1000000);
    TAP_CHECK(waiting <= BYTES);
    TAP_EQUAL(kiln_console_readable(), waiting);
    TAP_EQUAL(kiln_console_read(&first, 1), 1);
    TAP_EQUAL(first, wanted[0]);
    got[0] = first;
    TAP_EQUAL(kiln_console_readable(), waiting - 1);
    TAP_EQUAL(kiln_console_read(got + 1, sizeof(got) - 1), waiting - 1);
    check_whole(read_to_end(1000, waiting));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*function)(void);
    } tests[] = {{"lines", by_lines}, {"small", by_small_reads},
                 {"raw", raw},        {"changing", changing},
                 {"busy", busy},      {"readable", readable}};

    for (size_t i = 0; i < BYTES; i++)
        wanted[i] = random_byte();
    TAP_CHECK(!kiln_console_is_terminal());
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        if (argc > 1 && strcmp(argv[1], tests[i].name) == 0)
            tests[i].function();
    return tap_done();
}
