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

static void put_padding(const struct conversion *conversion, char c, unsigned used)
{
    for (; used < conversion->width; used++)
        conversion->put(conversion->context, c);
}

/* A prefix ("-", "0x" or nothing), zeros if they were asked for, then the text. */
static void put_field(const struct conversion *conversion, const char *prefix, const char *text,
                      unsigned length)
{
    unsigned used = length;

    for (const char *c = prefix; *c; c++)
        used++;
    if (!conversion->left && !conversion->zero)
        put_padding(conversion, ' ', used);
    while (*prefix)
        conversion->put(conversion->context, *prefix++);
    if (!conversion->left && conversion->zero)
        put_padding(conversion, '0', used);
    while (length-- > 0)
        conversion->put(conversion->context, *text++);
    if (conversion->left)
        put_padding(conversion, ' ', used);
}

static void put_string(const struct conversion *conversion, const char *text)
{
    unsigned length = 0;

    if (!text)
        text = "(null)";
    while (length < conversion->precision && text[length])
        length++;
    put_field(conversion, "", text, length);
}

static void put_number(struct conversion *conversion, char letter)
{
    char digits[20]; /* 2^64 has as many in decimal */
    char *first = digits + sizeof(digits);
    const char *prefix = letter == 'p' ? "0x" : "";
    unsigned base = letter == 'd' || letter == 'i' || letter == 'u' ? 10 : 16;
    bool is_signed = letter == 'd' || letter == 'i';
    bool is_wide = letter == 'p' ? sizeof(void *) > sizeof(int)
                                 : conversion->longs > (sizeof(long) > sizeof(int) ? 0 : 1);
    uint64_t value =
        is_wide ? va_arg(conversion->arguments, uint64_t) : va_arg(conversion->arguments, unsigned);

    if (is_signed && !is_wide)
        value = (uint64_t)(int)value;
    if (is_signed && (int64_t)value < 0) {
        value = -value;
        prefix = "-";
    }
    do {
        unsigned digit = (unsigned)(value % base);

        value /= base;
        *--first = (char)(digit < 10 ? '0' + digit : (letter == 'X' ? 'A' : 'a') + digit - 10);
    } while (value != 0);
    put_field(conversion, prefix, first, (unsigned)(digits + sizeof(digits) - first));
}

/* Reads what stands between '%' and the letter, and returns where the letter is. */
static const char *parse(struct conversion *conversion, const char *at)
{
    conversion->left = false;
    conversion->zero = false;
    conversion->width = 0;
    conversion->precision = ~0u;
    conversion->longs = 0;
    for (; *at == '-' || *at == '0'; at++) {
        if (*at == '-')
            conversion->left = true;
        else
            conversion->zero = true;
    }
    for (; *at >= '0' && *at <= '9'; at++)
        conversion->width = conversion->width * 10 + (unsigned)(*at - '0');
    if (at[0] == '.' && at[1] == '*') {
        conversion->precision = va_arg(conversion->arguments, unsigned);
        at += 2;
    }
    for (; *at == 'l' || *at == 'z'; at++)
        conversion->longs++;
    return at;
}

/* Prints one conversion; false if there is none of that letter. */
static bool convert(struct conversion *conversion, char letter)
{
    char c = letter;

    switch (letter) {
    case 's':
        put_string(conversion, va_arg(conversion->arguments, const char *));
        return true;
    case 'c':
        c = (char)va_arg(conversion->arguments, int);
        __attribute__((fallthrough));
    case '%':
        put_field(conversion, "", &c, 1);
        return true;
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'p':
        put_number(conversion, letter);
        return true;
    default:
        return false;
    }
}

void format_print(format_put_t put, void *context, const char *format, va_list arguments)
{
    struct conversion conversion = {.put = put, .context = context};

    va_copy(conversion.arguments, arguments);
    for (; *format; format++) {
        if (*format == '%') {
            const char *letter = parse(&conversion, format + 1);

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

size_t format_to(char *buffer, size_t size, const char *format, ...)
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
