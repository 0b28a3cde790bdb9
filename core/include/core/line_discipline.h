/*
 * What happens to typed bytes on their way to a program: line editing, end of input, quoting.
 * Plain logic without a device; the caller keeps calls apart. Any context.
 */
#ifndef CORE_LINE_DISCIPLINE_H
#define CORE_LINE_DISCIPLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer line is handed over in parts. */
#define LINE_BYTES 256

struct line_discipline {
    bool is_raw; /* no lines: each byte is handed over at once; see line_set_raw */

    /* Set by the owner before the first byte. */
    bool has_quotes; /* ^V quotes in raw mode too: a host command owns the line */
    bool is_pipe;    /* ^D is the end in raw mode too, and nothing comes behind it */
    void (*echo)(const void *text, size_t bytes); /* or NULL */

    bool is_quoted;   /* the next byte is taken as it is */
    bool is_complete; /* what is there can be handed over, be it nothing: the end of input */
    bool has_ended;   /* the end of a pipe has come */
    size_t length;    /* bytes in the line */
    size_t taken;     /* of which the program has these */
    uint8_t line[LINE_BYTES];
};

/* Whether line_take has something to give: bytes, or the end of input. */
static inline bool line_is_ready(const struct line_discipline *line)
{
    return line->is_complete || line->has_ended || (line->is_raw && line->taken < line->length);
}

/* Whether line_put may be called: not while a complete line waits, nor behind a pipe's end. */
static inline bool line_has_room(const struct line_discipline *line)
{
    return !line->is_complete && !line->has_ended && line->length < LINE_BYTES;
}

/* Changes the mode; what is in an unfinished line is handed over. */
void line_set_raw(struct line_discipline *line, bool raw);

/* Takes one byte in; only when line_has_room. */
void line_put(struct line_discipline *line, uint8_t byte);

/* Bytes that line_take would give at most. */
size_t line_readable(const struct line_discipline *line);

/* Hands over at most `bytes` bytes; returns the count, 0 at the end of input. Only when it is
 * ready. */
size_t line_take(struct line_discipline *line, void *data, size_t bytes);

#endif
