#include <lib/format.h>

#include <stdbool.h>
#include <stdint.h>

/* The conversion at hand, where its characters go and its arguments come from. */
struct conversion {
    format_put_t put;
    void *context;
    va_list arguments;
    unsigned width;
    unsigned precision;
    unsigned longs; /* 0 int, 1 long or size_t, 2 long long */
    bool left;
    bool zero;
};

/* Formatting is never hot: small code rather than fast, also of what only these call. */
#define SMALL __attribute__((cold))

/* An int, a long and a pointer take one slot each, as wide as a register. */
static __attribute__((noinline)) uint64_t take(struct conversion *conversion, unsigned longs)
{
    if (sizeof(uintptr_t) < sizeof(uint64_t) && longs > 1)
        return va_arg(conversion->arguments, uint64_t);
    return va_arg(conversion->arguments, uintptr_t);
}

static void pad(const struct conversion *conversion, char c, unsigned length)
{
    for (; length < conversion->width; length++)
        conversion->put(conversion->context, c);
}

/* Zeros go behind the prefix of a number. */
static __attribute__((noinline)) void put_field(const struct conversion *conversion,
                                                const char *text, unsigned prefix, unsigned length)
{
    if (!conversion->zero)
        prefix = 0;
    for (unsigned i = 0;; i++) {
        if (i == prefix && !conversion->left)
            pad(conversion, conversion->zero ? '0' : ' ', length);
        if (i == length)
            break;
        conversion->put(conversion->context, text[i]);
    }
    if (conversion->left)
        pad(conversion, ' ', length);
}

static void put_string(struct conversion *conversion)
{
    const char *text = (const char *)(uintptr_t)take(conversion, 1);
    unsigned length = 0;

    if (!text)
        text = "(null)";
    while (length < conversion->precision && text[length])
        length++;
    put_field(conversion, text, 0, length);
}

static void put_number(struct conversion *conversion, char letter, unsigned base)
{
    char digits[20]; /* 2^64 has as many in decimal, and room for 0x in hexadecimal */
    char *end = digits + sizeof(digits);
    char *first = end;
    bool is_signed = letter == 'd' || letter == 'i';
    uint64_t value = take(conversion, conversion->longs);
    bool is_negative;

    if (conversion->longs == 0)
        value = is_signed ? (uint64_t)(int)value : (unsigned)value;
    is_negative = is_signed && (int64_t)value < 0;
    if (is_negative)
        value = -value;
    do {
        unsigned digit = (unsigned)(value % base);

        value /= base;
        if (digit > 9)
            digit += (letter == 'X' ? 'A' : 'a') - '0' - 10;
        *--first = (char)('0' + digit);
    } while (value != 0);
    if (letter == 'p')
        *--first = 'x';
    if (letter == 'p' || is_negative)
        *--first = letter == 'p' ? '0' : '-';
    put_field(conversion, first, letter == 'p' ? 2 : is_negative, (unsigned)(end - first));
}

/* Reads what stands between '%' and the letter, and returns where the letter is. */
static const char *parse(struct conversion *conversion, const char *at)
{
    conversion->left = false;
    conversion->zero = false;
    conversion->width = 0;
    conversion->precision = ~0u;
    conversion->longs = 0;
    for (;; at++) {
        unsigned digit = (unsigned)*at - '0';

        if (*at == '-') {
            conversion->left = true;
        } else if (digit <= 9) {
            conversion->zero |= conversion->width + digit == 0;
            conversion->width = conversion->width * 10 + digit;
        } else if (*at == '.' && at[1] == '*') {
            conversion->precision = (unsigned)take(conversion, 0);
            at++;
        } else if (*at == 'l' || *at == 'z') {
            conversion->longs++;
        } else {
            return at;
        }
    }
}

/* Prints one conversion; false if there is none of that letter. */
static bool convert(struct conversion *conversion, char letter)
{
    switch (letter) {
    case 's':
        put_string(conversion);
        break;
    case 'c':
        letter = (char)take(conversion, 0);
        __attribute__((fallthrough));
    case '%':
        put_field(conversion, &letter, 0, 1);
        break;
    case 'd':
    case 'i':
    case 'u':
        put_number(conversion, letter, 10);
        break;
    case 'p':
        conversion->longs = 1;
        __attribute__((fallthrough));
    case 'x':
    case 'X':
        put_number(conversion, letter, 16);
        break;
    default:
        return false;
    }
    return true;
}

SMALL void format_print(format_put_t put, void *context, const char *format, va_list arguments)
{
    struct conversion conversion = {.put = put, .context = context};
    const char *letter;

    va_copy(conversion.arguments, arguments);
    for (; *format; format++) {
        if (*format == '%') {
            letter = parse(&conversion, format + 1);
            if (convert(&conversion, *letter)) {
                format = letter;
                continue;
            }
        }
        put(context, *format);
    }
    va_end(conversion.arguments);
}

/* A buffer that is being filled. */
struct buffer {
    char *at;
    char *last; /* where the terminating 0 goes at the latest */
    size_t length;
};

static void put_in_buffer(void *context, char c)
{
    struct buffer *buffer = context;

    if (buffer->at < buffer->last)
        *buffer->at++ = c;
    buffer->length++;
}

SMALL size_t format_to(char *buffer, size_t size, const char *format, ...)
{
    struct buffer state = {.at = buffer, .last = size ? buffer + size - 1 : buffer};
    va_list arguments;

    va_start(arguments, format);
    format_print(put_in_buffer, &state, format, arguments);
    va_end(arguments);
    if (size)
        *state.at = '\0';
    return state.length;
}
