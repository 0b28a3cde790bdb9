/* The formatter against the host's snprintf. */
#include <lib/format.h>
#include <limits.h>
#include <string.h>
#include "test.h"

#define LONGEST 400

static char expected[LONGEST], got[LONGEST];

/* A literal of up to 6 characters that contains no '%'. */
static char *append_literal(char *at)
{
    for (uint64_t n = test_below(7); n > 0; n--)
        *at++ = (char)('&' + test_below(80));
    return at;
}

/* "%", random flags and width. */
static char *append_conversion(char *at, bool may_zero)
{
    static const char *const flags[] = {"", "-", "0", "0-", "-0"};
    const char *flag = flags[test_below(may_zero ? 5 : 2)];

    *at++ = '%';
    at = stpcpy(at, flag);
    if (test_below(2))
        at += sprintf(at, "%d", (int)test_below(40) + 1);
    return at;
}

static uint64_t random_value(void)
{
    static const uint64_t special[] = {0,        1,         9,         10,       INT_MAX,
                                       LONG_MAX, ULONG_MAX, INT64_MIN, UINT_MAX, 1u << 31};

    if (test_below(3) == 0)
        return special[test_below(sizeof(special) / sizeof(special[0]))];
    return test_random() >> test_below(64);
}

static void compare(const char *format, int expected_length, size_t length)
{
    TEST_HOLDS((size_t)expected_length == length && strcmp(expected, got) == 0,
               "format \"%s\": \"%s\" (%zu) instead of \"%s\" (%d)", format, got, length, expected,
               expected_length);
}

/* snprintf and format_to with the same arguments, which are evaluated twice. */
#define COMPARE(format, ...)                                                                       \
    compare(format, snprintf(expected, LONGEST, format, __VA_ARGS__),                              \
            format_to(got, LONGEST, format, __VA_ARGS__))

static void one_number(void)
{
    static const char *const lengths[] = {"", "l", "ll", "z"};
    char format[100], *at = append_conversion(append_literal(format), true);
    unsigned length = (unsigned)test_below(4);
    uint64_t value = random_value();

    at = stpcpy(at, lengths[length]);
    *at++ = "diuxX"[test_below(5)];
    *append_literal(at) = '\0';
    switch (length) {
    case 0:
        COMPARE(format, (int)value);
        break;
    case 1:
        COMPARE(format, (long)value);
        break;
    case 2:
        COMPARE(format, (long long)value);
        break;
    default:
        COMPARE(format, (size_t)value);
    }
}

static void one_text(void)
{
    char format[100], text[40], *at = append_conversion(append_literal(format), false);
    size_t length = test_below(sizeof(text));
    int number = (int)test_below(255) + 1;

    for (size_t i = 0; i < length; i++)
        text[i] = (char)(test_below(255) + 1);
    text[length] = '\0';
    switch (test_below(3)) {
    case 0:
        *append_literal(stpcpy(at, "s")) = '\0';
        COMPARE(format, text);
        break;
    case 1:
        number = number % 50 - 5;
        *append_literal(stpcpy(at, ".*s")) = '\0';
        COMPARE(format, number, text);
        break;
    default:
        *append_literal(stpcpy(at, "c")) = '\0';
        COMPARE(format, number);
    }
}

static void one_pointer(void)
{
    char format[100], *at = append_conversion(append_literal(format), false);
    void *pointer = (void *)(uintptr_t)(random_value() | 1);

    *append_literal(stpcpy(at, "p")) = '\0';
    COMPARE(format, pointer);
}

/* The text after %.*s may end without a terminator. */
static void test_bounded_string(void)
{
    char *text = malloc(4);

    for (int i = 0; i < 4; i++)
        text[i] = (char)('a' + i);
    format_to(got, LONGEST, "[%.*s]", 4, text);
    TAP_CHECK(strcmp(got, "[abcd]") == 0);
    free(text);
}

/* Whatever the size, the buffer holds snprintf's result and nothing behind it is touched. */
static void test_truncation(void)
{
    for (size_t size = 0; size < 30; size++) {
        char *buffer = malloc(size ? size : 1);
        size_t length = format_to(buffer, size, "%s %08x", "truncated", 0xABCu);

        snprintf(expected, size, "%s %08x", "truncated", 0xABCu);
        TEST_HOLDS(length == 18, "%zu", length);
        TEST_HOLDS(size == 0 || strcmp(buffer, expected) == 0, "size %zu: %s", size, buffer);
        free(buffer);
    }
    test_property("truncation");
}

static void check_text(const char *want)
{
    if (!tap_check(strcmp(got, want) == 0, want))
        printf("# got %s\n", got);
}

static void test_several(void)
{
    COMPARE("%d %s %c %x %ld %lld %zu %p|%%|%5d|%-5d|%05d", -1, "two", '3', 4u, 5l, 6ll, (size_t)7,
            (void *)8, 9, 10, 11);
    test_property("many arguments, in registers and on the stack");
    format_to(got, LONGEST, "%s %p", (const char *)NULL, (void *)NULL);
    check_text("(null) 0x0");
}

/* What is no conversion is printed as it stands; the pointer keeps the compiler from looking. */
static void test_unknown(void)
{
    const char *volatile format = "100% %q %5";

    format_to(got, LONGEST, format, 1);
    check_text("100% %q %5");
    format = "%.3d %d";
    format_to(got, LONGEST, format, 1);
    check_text("%.3d 1");
    format = "%";
    TAP_EQUAL(format_to(got, LONGEST, format, 1), 1);
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    for (int i = 0; i < 100000; i++)
        one_number();
    test_property("100000 random numbers");
    for (int i = 0; i < 50000; i++)
        one_text();
    test_property("50000 random strings and characters");
    for (int i = 0; i < 20000; i++)
        one_pointer();
    test_property("20000 random pointers");
    test_several();
    test_bounded_string();
    test_truncation();
    test_unknown();
    return tap_done();
}
