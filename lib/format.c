#include <lib/format.h>

#include <stdbool.h>
#include <stdint.h>

/* What stands between '%' and the letter. */
struct conversion {
    unsigned width;
    unsigned precision;
    unsigned longs; /* 0 int, 1 long or size_t, 2 long long */
    bool left;
    bool zero;
};

/* What is to be printed; zeros go behind the prefix of a number. */
struct field {
    const char *text;
    unsigned prefix;
    unsigned length;
};

/* Formatting is never hot: small code rather than fast, also of what only these call. */
#define SMALL __attribute__((cold))

/* An int, a long and a pointer take one slot each, as wide as a register. */
static __attribute__((noinline)) uint64_t take(va_list *arguments, unsigned longs)
{
    if (sizeof(uintptr_t) < sizeof(uint64_t) && longs > 1)
        return va_arg(*arguments, uint64_t);
    return va_arg(*arguments, uintptr_t);
}

/* Reads up to the letter, and returns where that is. */
static const char *parse(struct conversion *conversion, const char *at, va_list *arguments)
{
    for (;; at++) {
        unsigned digit = (unsigned)*at - '0';

        if (*at == '-') {
            conversion->left = true;
        } else if (digit <= 9) {
            conversion->zero |= conversion->width + digit == 0;
            conversion->width = conversion->width * 10 + digit;
        } else if (*at == '.' && at[1] == '*') {
            conversion->precision = (unsigned)take(arguments, 0);
            at++;
        } else if (*at == 'l' || *at == 'z') {
            conversion->longs++;
        } else {
            return at;
        }
    }
}

static void make_string(struct field *field, const char *text, unsigned most)
{
    field->text = text ? text : "(null)";
    field->length = 0;
    while (field->length < most && field->text[field->length])
        field->length++;
}

/* What a letter stands for: a character, a string, or a number of a base and more. */
#define CHARACTER 0
#define STRING    1
#define BASE      0x1F
#define CAPITAL   0x20 /* the bit that makes a capital letter a small one */
#define SIGNED    0x40
#define POINTER   0x80

static const struct letter {
    char letter;
    uint8_t kind;
} letters[] = {
    {'c', CHARACTER},    {'s', STRING},       {'d', 10 | SIGNED},
    {'i', 10 | SIGNED},  {'u', 10},           {'x', 16},
    {'X', 16 | CAPITAL}, {'p', 16 | POINTER}, {0},
};

static void make_number(struct field *field, char *end, uint64_t value, unsigned kind)
{
    bool is_negative = (kind & SIGNED) && (int64_t)value < 0;
    char *first = end;

    if (is_negative)
        value = -value;
    do {
        unsigned digit = (unsigned)(value % (kind & BASE));

        value /= kind & BASE;
        *--first = (char)(digit > 9 ? ('a' - 10 + digit) & ~(kind & CAPITAL) : '0' + digit);
    } while (value != 0);
    if (kind & POINTER)
        *--first = 'x';
    if (kind & POINTER || is_negative)
        *--first = kind & POINTER ? '0' : '-';
    field->prefix = kind & POINTER ? 2 : is_negative;
    field->text = first;
    field->length = (unsigned)(end - first);
}

static void put_field(format_put_t put, void *context, const struct conversion *conversion,
                      const struct field *field)
{
    bool zero = conversion->zero & !conversion->left;
    unsigned pad = conversion->width > field->length ? conversion->width - field->length : 0;
    unsigned pad_at = conversion->left ? field->length : zero ? field->prefix : 0;

    for (unsigned i = 0; i < field->length + pad; i++)
        if (i - pad_at < pad)
            put(context, zero ? '0' : ' ');
        else
            put(context, field->text[i < pad_at ? i : i - pad]);
}

/* Prints a conversion, and returns where its letter is; NULL if there is none of that letter. */
static const char *convert(format_put_t put, void *context, const char *at, va_list *arguments)
{
    char digits[20]; /* 2^64 has as many in decimal, and room for 0x in hexadecimal */
    struct conversion conversion = {.precision = ~0u};
    struct field field = {.text = digits, .length = 1};
    const struct letter *found = letters;

    at = parse(&conversion, at, arguments);
    while (found->letter && found->letter != *at)
        found++;
    if (!found->letter)
        return NULL;
    unsigned kind = found->kind;
    uint64_t value = take(arguments, conversion.longs);

    digits[0] = (char)value;
    if (kind == STRING) {
        make_string(&field, (const char *)(uintptr_t)value, conversion.precision);
    } else if (kind != CHARACTER) {
        if (!conversion.longs && !(kind & POINTER))
            value = kind & SIGNED ? (uint64_t)(int)value : (unsigned)value;
        make_number(&field, digits + sizeof(digits), value, kind);
    }
    put_field(put, context, &conversion, &field);
    return at;
}

SMALL void format_print(format_put_t put, void *context, const char *format, va_list *arguments)
{
    for (; *format; format++) {
        if (*format == '%') {
            const char *letter = convert(put, context, format + 1, arguments);

            if (letter) {
                format = letter;
                continue;
            }
            if (format[1] == '%')
                format++;
        }
        put(context, *format);
    }
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
    format_print(put_in_buffer, &state, format, &arguments);
    va_end(arguments);
    if (size)
        *state.at = '\0';
    return state.length;
}
