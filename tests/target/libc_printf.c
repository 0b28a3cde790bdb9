/* printf and scanf without floating point: the same in both builds of the C library. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include "gives.h"

static void test_integers(void)
{
    GIVES("0 -1 2147483647 -2147483648", "%d %i %d %d", 0, -1, INT_MAX, INT_MIN);
    GIVES("4294967295 37777777777 ffffffff FFFFFFFF", "%u %o %x %X", UINT_MAX, UINT_MAX, UINT_MAX,
          UINT_MAX);
    GIVES("-9223372036854775808 9223372036854775807", "%lld %ld", LLONG_MIN, LONG_MAX);
    GIVES("18446744073709551615 ffffffffffffffff", "%llu %lx", ULLONG_MAX, ULONG_MAX);
    GIVES("-1 255 -1 65535", "%hhd %hhu %hd %hu", -1, 255, -1, 65535);
    GIVES("18446744073709551615 -5 -6", "%zu %td %jd", SIZE_MAX, (ptrdiff_t)-5, (intmax_t)-6);
    GIVES("18446744073709551615 -9223372036854775808", "%" PRIu64 " %" PRId64, UINT64_MAX,
          INT64_MIN);
    GIVES("0x1f 0X1F 017", "%#x %#X %#o", 31, 31, 15);
}

static void test_fields(void)
{
    GIVES("[   42] [42   ] [00042] [+42] [ 42]", "[%5d] [%-5d] [%05d] [%+d] [% d]", 42, 42, 42, 42,
          42);
    GIVES("[  -42] [-0042] [  042] [00042]", "[%5d] [%05d] [%5.3d] [%.5d]", -42, -42, 42, 42);
    GIVES("[   42] [42   ]", "[%*d] [%-*d]", 5, 42, 5, 42);
    GIVES("[] [0]", "[%.0d] [%d]", 0, 0);
    GIVES("[abc] [  abc] [abc  ] [ab] [   ab]", "[%s] [%5s] [%-5s] [%.2s] [%5.*s]", "abc", "abc",
          "abc", "abc", 2, "abc");
    GIVES("x%y", "%c%%%c", 'x', 'y');
    GIVES("0x1234", "%p", (void *)0x1234);
}

static void test_limits(void)
{
    char small[6] = "#####";

    TAP_EQUAL(snprintf(small, 4, "%d", 123456), 6);
    tap_check(memcmp(small, "123\0#", 6) == 0, "snprintf stays within its size");
    TAP_EQUAL(snprintf(NULL, 0, "%s", "twelve bytes"), 12);
    TAP_EQUAL(sprintf(text, "%s", ""), 0);
}

static void test_scanf(void)
{
    int a = 0, b = 0, end = 0;
    unsigned c = 0;
    long long d = 0;
    char word[8] = "", set[8] = "";

    TAP_EQUAL(sscanf(" -12 0x1f 377 -9223372036854775808", "%d %i %o %lld", &a, &b, &c, &d), 4);
    TAP_EQUAL(a, -12);
    TAP_EQUAL(b, 31);
    TAP_EQUAL(c, 255);
    tap_check(d == LLONG_MIN, "%lld reads LLONG_MIN");
    TAP_EQUAL(sscanf("word, abcabcx", "%7[^,], %7[abc]%n", word, set, &end), 2);
    tap_check(strcmp(word, "word") == 0 && strcmp(set, "abcabc") == 0, "%[] reads sets");
    TAP_EQUAL(end, 12);
    TAP_EQUAL(sscanf("x", "%d", &a), 0);
    TAP_EQUAL(sscanf("", "%d", &a), EOF);
}

/* Wide characters become the bytes of the same number; picolibc has no such printf, or a wrong one.
 */
static void test_wide(void)
{
#ifndef __PICOLIBC__
    FILE *file = fmemopen(text, sizeof(text), "w");
    wchar_t wide[20];

    TAP_EQUAL(fwprintf(file, L"%d %ls %s", 42, L"wide", "narrow"), 14);
    fclose(file);
    tap_check(memcmp(text, "42 wide narrow", 15) == 0, "fwprintf");
    TAP_EQUAL(swprintf(wide, 20, L"%x", 255), 2);
    tap_check(wcscmp(wide, L"ff") == 0, "swprintf");
    errno = 0;
    tap_check(fputwc(0x100, stderr) == WEOF && errno == EILSEQ, "fputwc refuses what is no byte");
#endif
}

int main(void)
{
    test_wide();
    test_integers();
    test_fields();
    test_limits();
    test_scanf();
    return tap_done();
}
