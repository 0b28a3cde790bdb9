/*
 * Line editing without a device: typed bytes go in, what the program reads and what the terminal
 * shows come out. The screen is a model of a terminal's line, so that an echo that leaves the
 * wrong characters standing shows.
 */
#include <core/line_discipline.h>
#include <string.h>
#include "test.h"

static char screen[4 * LINE_BYTES];
static size_t column, columns;

static void show(const void *text, size_t bytes)
{
    const char *c = text;

    for (size_t i = 0; i < bytes; i++) {
        if (c[i] == '\b')
            column -= column > 0;
        else if (column < sizeof(screen) - 1)
            screen[column++] = c[i];
        columns = column > columns ? column : columns;
    }
    screen[columns] = 0;
}

static struct line_discipline line;
static char got[4096];
static size_t got_bytes;
static unsigned ends;

/* Hands over what is ready, in pieces of at most `most` bytes. */
static void drain(size_t most)
{
    while (line_is_ready(&line)) {
        size_t readable = line_readable(&line);
        size_t count = line_take(&line, got + got_bytes, most);

        if (count != (readable < most ? readable : most))
            tap_check(false, "line_take gives what line_readable promises");
        if (count == 0 && ++ends)
            return;
        got_bytes += count;
    }
}

static void start(bool is_raw, bool has_quotes, bool is_pipe)
{
    memset(&line, 0, sizeof(line));
    line.has_quotes = has_quotes;
    line.is_pipe = is_pipe;
    line.echo = is_pipe ? NULL : show;
    line_set_raw(&line, is_raw);
    memset(screen, 0, sizeof(screen));
    memset(got, 0, sizeof(got));
    column = columns = got_bytes = ends = 0;
}

static void type_bytes(const char *bytes, size_t count, size_t most)
{
    for (size_t i = 0; i < count && line_has_room(&line); i++) {
        line_put(&line, (uint8_t)bytes[i]);
        drain(most);
    }
}

static void type(const char *text)
{
    type_bytes(text, strlen(text), sizeof(got));
}

static bool reads(const char *text)
{
    return got_bytes == strlen(text) && memcmp(got, text, got_bytes) == 0;
}

/* Blanks at the end look like nothing. */
static bool shows(const char *text)
{
    size_t bytes = strlen(text);

    for (size_t i = bytes; i < columns; i++)
        if (screen[i] != ' ')
            return false;
    return columns >= bytes && memcmp(screen, text, bytes) == 0 && column == bytes;
}

static void test_lines(void)
{
    start(false, false, false);
    type("one");
    TAP_CHECK(reads(""));
    TAP_EQUAL(line_readable(&line), 0);
    type("\n");
    TAP_CHECK(reads("one\n"));
    TAP_CHECK(shows("one\n"));
    type("two\rthree\n");
    TAP_CHECK(reads("one\ntwo\nthree\n"));

    start(false, false, false);
    line_put(&line, 'x');
    line_put(&line, '\n');
    TAP_CHECK(!line_has_room(&line));
    TAP_EQUAL(line_readable(&line), 2);
    TAP_EQUAL(line_take(&line, got, 1), 1);
    TAP_EQUAL(line_readable(&line), 1);
    TAP_CHECK(!line_has_room(&line));
    TAP_EQUAL(line_take(&line, got, 9), 1);
    TAP_CHECK(line_has_room(&line));
    TAP_CHECK(!line_is_ready(&line));
}

static void test_editing(void)
{
    start(false, false, false);
    type("abd\bc\x7F\x7F"
         "c");
    TAP_CHECK(shows("ac"));
    type("\n");
    TAP_CHECK(reads("ac\n"));

    start(false, false, false);
    type("\b\x7F\x15\x17"
         "a\n");
    TAP_CHECK(reads("a\n"));
    TAP_CHECK(shows("a\n"));

    start(false, false, false);
    type("gr\xC3\xBC\xE2\x82\xAC\b\b");
    TAP_EQUAL(line.length, 2);
    type("\x15");
    TAP_EQUAL(line.length, 0);

    start(false, false, false);
    type("old words  \x17new\n");
    TAP_CHECK(reads("old new\n"));
    start(false, false, false);
    type("one two\x15three\n");
    TAP_CHECK(reads("three\n"));
    TAP_CHECK(shows("three\n"));

    start(false, false, false);
    type("a\x01\x1B[A\tb");
    TAP_CHECK(shows("a^A^[[A b"));
    type("\x7F\x7F\x7F\x7F\x7F\x7F");
    TAP_CHECK(shows("a"));
    TAP_EQUAL(line.length, 1);
}

static void test_quoting(void)
{
    start(false, false, false);
    type("a\x16\x04"
         "b\x16\x16\x16\x03\x16\b\x16\x15\x16\x17\x16\x7F\x16\r\x16\n\n");
    TAP_CHECK(reads("a\x04"
                    "b\x16\x03\b\x15\x17\x7F\r\n\n"));
    TAP_EQUAL(ends, 0);

    start(false, false, false);
    type("a\x16\x04\x7F"
         "b");
    TAP_CHECK(shows("ab"));
}

static void test_end_of_input(void)
{
    start(false, false, false);
    type("\x04");
    TAP_EQUAL(ends, 1);
    type("abc\x04");
    TAP_CHECK(reads("abc"));
    TAP_EQUAL(ends, 1);
    type("\x04");
    TAP_EQUAL(ends, 2);
    type("more\n");
    TAP_CHECK(reads("abcmore\n"));
}

/* A line that was handed over by ^D to a reader with a small buffer does not end the input. */
static void test_small_reads(void)
{
    start(false, false, false);
    type_bytes("abcdef\x04gh\n", 10, 3);
    TAP_CHECK(reads("abcdefgh\n"));
    TAP_EQUAL(ends, 0);
}

static void test_pipe(void)
{
    start(false, true, true);
    type("no newline\x04\x04");
    TAP_CHECK(reads("no newline"));
    TAP_CHECK(ends >= 1);
    TAP_CHECK(!line_has_room(&line));
    TAP_CHECK(line_is_ready(&line));
    TAP_EQUAL(line_take(&line, got, 10), 0);
    TAP_EQUAL(line_take(&line, got, 10), 0);
    TAP_EQUAL(columns, 0);
}

static void test_raw(void)
{
    start(true, false, false);
    type("a\x03\x04\r\x16\x7F");
    TAP_CHECK(reads("a\x03\x04\r\x16\x7F"));
    TAP_EQUAL(columns, 0);

    start(true, true, false);
    type("a\x16\x16\x16\x04\x04"
         "b");
    TAP_CHECK(reads("a\x16\x04\x04"
                    "b"));

    start(true, true, true);
    type("a\x16\x04"
         "b\x04");
    TAP_CHECK(reads("a\x04"
                    "b"));
    TAP_CHECK(ends >= 1);
}

static void test_mode_change(void)
{
    start(false, false, false);
    type("half");
    line_set_raw(&line, true);
    drain(2);
    TAP_CHECK(reads("half"));
    line_put(&line, 'x');
    line_put(&line, 'y');
    TAP_EQUAL(line_take(&line, got, 1), 1);
    line_set_raw(&line, false);
    TAP_CHECK(line_is_ready(&line));
    TAP_EQUAL(line_take(&line, got, 9), 1);
    TAP_EQUAL(got[0], 'y');
    TAP_CHECK(line_has_room(&line));
}

/* A line longer than the buffer arrives in parts, whole. */
static void test_long_line(void)
{
    static char text[3 * LINE_BYTES + 10];

    start(false, true, true);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i % 26);
    text[sizeof(text) - 1] = '\n';
    type_bytes(text, sizeof(text), 100);
    TAP_EQUAL(got_bytes, sizeof(text));
    TAP_CHECK(memcmp(got, text, sizeof(text)) == 0);
    TAP_EQUAL(ends, 0);
}

/* Whatever comes in any mode: nothing outside the buffer, and what was typed plain arrives. */
static void test_anything(void)
{
    for (unsigned round = 0; round < 2000; round++) {
        start(test_random() & 1, test_random() & 1, test_random() & 1);
        for (unsigned step = 0; step < 600 && line_has_room(&line); step++) {
            line_put(&line, (uint8_t)(test_random() % 5 ? test_random() & 0x1F : test_random()));
            if (line.length > LINE_BYTES || line.taken > line.length) {
                tap_check(false, "the line stays within its buffer");
                return;
            }
            if (test_random() % 3 == 0) {
                got_bytes = 0;
                drain(1 + (size_t)(test_random() % 300));
            }
            if (!line.has_ended && line_is_ready(&line) && !line_has_room(&line)) {
                got_bytes = 0;
                drain(sizeof(got));
            }
        }
    }
    tap_check(true, "the line stays within its buffer");
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    test_lines();
    test_editing();
    test_quoting();
    test_end_of_input();
    test_small_reads();
    test_pipe();
    test_raw();
    test_mode_change();
    test_long_line();
    test_anything();
    return tap_done();
}
