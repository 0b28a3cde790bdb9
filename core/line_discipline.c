#include <core/line_discipline.h>

#define CONTROL(letter) ((letter)&0x1F)

enum {
    BACKSPACE = 0x08,
    TAB = 0x09,
    DELETE = 0x7F,
    END_OF_INPUT = CONTROL('D'),
    QUOTE = CONTROL('V'),
    ERASE_LINE = CONTROL('U'),
    ERASE_WORD = CONTROL('W')
};

static void echo(struct line_discipline *line, const char *text, size_t bytes)
{
    if (line->echo)
        line->echo(text, bytes);
}

/* Shown as ^X, two columns wide. */
static bool is_control(uint8_t byte)
{
    return (byte < 0x20 && byte != TAB && byte != '\n') || byte == DELETE;
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

static void echo_byte(struct line_discipline *line, uint8_t byte)
{
    const char control[2] = {'^', (char)(byte ^ 0x40)};
    const char plain = byte == TAB ? ' ' : (char)byte;

    if (is_control(byte))
        echo(line, control, 2);
    else
        echo(line, &plain, 1);
}

static void append(struct line_discipline *line, uint8_t byte)
{
    line->line[line->length++] = byte;
    if (line->length == LINE_BYTES)
        line->is_complete = true;
}

static void append_echoed(struct line_discipline *line, uint8_t byte)
{
    echo_byte(line, byte);
    append(line, byte);
}

/* One character of UTF-8, which takes one column. */
static void erase_character(struct line_discipline *line)
{
    uint8_t byte;

    do
        byte = line->line[--line->length];
    while (is_continuation(byte) && line->length);
    echo(line, "\b \b\b \b", is_control(byte) ? 6 : 3);
}

static bool ends_in_blank(const struct line_discipline *line)
{
    uint8_t last = line->line[line->length - 1];

    return last == ' ' || last == TAB;
}

static void erase_word(struct line_discipline *line)
{
    while (line->length && ends_in_blank(line))
        erase_character(line);
    while (line->length && !ends_in_blank(line))
        erase_character(line);
}

static void end_input(struct line_discipline *line)
{
    line->is_complete = true;
    line->has_ended = line->is_pipe;
}

static void put_edited(struct line_discipline *line, uint8_t byte)
{
    switch (byte) {
    case '\r':
    case '\n':
        append_echoed(line, '\n');
        line->is_complete = true;
        break;
    case END_OF_INPUT:
        end_input(line);
        break;
    case BACKSPACE:
    case DELETE:
        if (line->length)
            erase_character(line);
        break;
    case ERASE_LINE:
        while (line->length)
            erase_character(line);
        break;
    case ERASE_WORD:
        erase_word(line);
        break;
    default:
        append_echoed(line, byte);
    }
}

void line_put(struct line_discipline *line, uint8_t byte)
{
    if (line->is_quoted) {
        line->is_quoted = false;
        if (line->is_raw)
            append(line, byte);
        else
            append_echoed(line, byte);
    } else if (byte == QUOTE && (!line->is_raw || line->has_quotes)) {
        line->is_quoted = true;
    } else if (!line->is_raw) {
        put_edited(line, byte);
    } else if (byte == END_OF_INPUT && line->is_pipe) {
        end_input(line);
    } else {
        append(line, byte);
    }
}

void line_set_raw(struct line_discipline *line, bool raw)
{
    line->is_raw = raw;
    if (line->length)
        line->is_complete = true;
}

size_t line_readable(const struct line_discipline *line)
{
    return line_is_ready(line) ? line->length - line->taken : 0;
}

size_t line_take(struct line_discipline *line, void *data, size_t bytes)
{
    uint8_t *to = data;
    size_t count = 0;

    while (count < bytes && line->taken < line->length)
        to[count++] = line->line[line->taken++];
    if (line->taken == line->length) {
        line->length = 0;
        line->taken = 0;
        line->is_complete = false;
    }
    return count;
}
