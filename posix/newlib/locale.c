/*
 * What printf asks of the locale: the "C" locale, the only one that newlib is built with. newlib's
 * own answers bring the tables of all categories along.
 */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <wchar.h>
#include "posix_library.h"

static const struct lconv c_locale = {
    .decimal_point = ".",
    .thousands_sep = "",
    .grouping = "",
    .int_curr_symbol = "",
    .currency_symbol = "",
    .mon_decimal_point = "",
    .mon_thousands_sep = "",
    .mon_grouping = "",
    .positive_sign = "",
    .negative_sign = "",
    .int_frac_digits = CHAR_MAX,
    .frac_digits = CHAR_MAX,
    .p_cs_precedes = CHAR_MAX,
    .p_sep_by_space = CHAR_MAX,
    .n_cs_precedes = CHAR_MAX,
    .n_sep_by_space = CHAR_MAX,
    .p_sign_posn = CHAR_MAX,
    .n_sign_posn = CHAR_MAX,
    .int_n_cs_precedes = CHAR_MAX,
    .int_n_sep_by_space = CHAR_MAX,
    .int_n_sign_posn = CHAR_MAX,
    .int_p_cs_precedes = CHAR_MAX,
    .int_p_sep_by_space = CHAR_MAX,
    .int_p_sign_posn = CHAR_MAX,
};

struct lconv *localeconv(void)
{
    return (struct lconv *)&c_locale;
}

struct lconv *_localeconv_r(struct _reent *reent)
{
    (void)reent;
    return localeconv();
}

int __locale_mb_cur_max(void)
{
    return 1;
}

/* A wide character is the byte of the same number. */
size_t _wcrtomb_r(struct _reent *reent, char *byte, wchar_t wide, mbstate_t *state)
{
    (void)state;
    if (!byte)
        return 1;
    if ((unsigned)wide > UCHAR_MAX) {
        reent->_errno = EILSEQ;
        return (size_t)-1;
    }
    *byte = (char)wide;
    return 1;
}
