/*
 * Standard input to its last byte and its end. stdin.txt has a number a line, each made from the
 * one before, and no newline after the last. The argument says how it is read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tap.h"

#define LINES 782
#define BYTES 8197

static unsigned long next(unsigned long number)
{
    return (number * 1103515245 + 12345) % 2147483648;
}

/* How many of the text's lines are the sequence. */
static unsigned count_right(char *text)
{
    unsigned long wanted = 1;
    unsigned right = 0;

    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        right += strtoul(line, NULL, 10) == wanted;
        wanted = next(wanted);
    }
    return right;
}

static char text[BYTES + 100];

static void by_getchar(void)
{
    size_t bytes = 0;
    int c;

    while ((c = getchar()) != EOF && bytes < sizeof(text) - 1)
        text[bytes++] = c;
    TAP_EQUAL(bytes, BYTES);
    TAP_EQUAL(count_right(text), LINES);
}

static void by_fgets(void)
{
    unsigned long wanted = 1;
    unsigned right = 0, lines = 0;
    char line[40];

    while (fgets(line, sizeof(line), stdin)) {
        right += strtoul(line, NULL, 10) == wanted && (lines + 1 == LINES || strchr(line, '\n'));
        wanted = next(wanted);
        lines++;
    }
    TAP_EQUAL(lines, LINES);
    TAP_EQUAL(right, LINES);
}

static void by_scanf(void)
{
    unsigned long wanted = 1, number;
    unsigned right = 0, lines = 0;

    while (scanf("%lu", &number) == 1) {
        right += number == wanted;
        wanted = next(wanted);
        lines++;
    }
    TAP_EQUAL(lines, LINES);
    TAP_EQUAL(right, LINES);
    TAP_EQUAL(scanf("%lu", &number), EOF);
}

static void by_fread(void)
{
    TAP_EQUAL(ungetc('#', stdin), '#');
    TAP_EQUAL(getchar(), '#');
    TAP_EQUAL(fread(text, 1, 5, stdin), 5);
    TAP_EQUAL(fread(text + 5, 1, sizeof(text) - 6, stdin), BYTES - 5);
    TAP_EQUAL(count_right(text), LINES);
}

static void by_read(void)
{
    size_t bytes = 0;
    ssize_t got;

    while ((got = read(0, text + bytes, sizeof(text) - 1 - bytes)) > 0)
        bytes += got;
    TAP_EQUAL(got, 0);
    TAP_EQUAL(bytes, BYTES);
    TAP_EQUAL(count_right(text), LINES);
}

/* Unbuffered, so that a descriptor's reader goes on where the stream's stopped. */
static void by_turns(void)
{
    size_t bytes = 0;

    TAP_EQUAL(setvbuf(stdin, NULL, _IONBF, 0), 0);
    while (bytes < BYTES) {
        ssize_t got;
        int c = getchar();

        if (c == EOF)
            break;
        text[bytes++] = c;
        got = read(0, text + bytes, 3);
        bytes += got > 0 ? got : 0;
    }
    TAP_EQUAL(bytes, BYTES);
    TAP_EQUAL(count_right(text), LINES);
}

/* Closed last: newlib's stdin reads descriptor 0 too. */
static FILE *opened;

static void by_stream(void)
{
    FILE *file = fdopen(0, "r");
    char line[40];
    unsigned lines = 0;

    while (fgets(line, sizeof(line), file))
        lines++;
    TAP_EQUAL(lines, LINES);
    TAP_EQUAL(fgetc(file), EOF);
    TAP_EQUAL(ftell(file), -1);
    TAP_EQUAL(errno, ESPIPE);
    opened = file;
}

static void test_end(void)
{
    TAP_EQUAL(getchar(), EOF);
    TAP_CHECK(feof(stdin));
    TAP_CHECK(!ferror(stdin));
    clearerr(stdin);
    TAP_CHECK(!feof(stdin));
    TAP_EQUAL(getchar(), EOF);
    TAP_EQUAL(ungetc('x', stdin), 'x');
    TAP_EQUAL(getchar(), 'x');
    TAP_EQUAL(getchar(), EOF);
}

static const struct {
    const char *name;
    void (*run)(void);
} ways[] = {
    {"getchar", by_getchar}, {"fgets", by_fgets}, {"scanf", by_scanf},   {"fread", by_fread},
    {"read", by_read},       {"turns", by_turns}, {"fdopen", by_stream},
};

int main(int argc, char **argv)
{
    unsigned ran = 0;

    for (unsigned i = 0; argc == 2 && i < sizeof(ways) / sizeof(ways[0]); i++)
        if (strcmp(ways[i].name, argv[1]) == 0) {
            ways[i].run();
            ran++;
        }
    TAP_EQUAL(ran, 1);
    test_end();
    if (opened)
        TAP_EQUAL(fclose(opened), 0);
    return tap_done();
}
