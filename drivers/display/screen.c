#include <drivers/screen.h>

#include <stdbool.h>
#include "display.h"

#define ESCAPE    0x1B
#define TAB_WIDTH 8

static struct screen {
    enum kind { NONE, TEXT, PIXELS } kind : 8;
    bool is_started;
    uint8_t rows;

    /* Of the next byte; in column 80 it is for the next row. In range at any moment: an interrupt
     * or another CPU may write in the midst of a write. */
    volatile uint8_t row, column;

    /* Within an escape sequence: one of terminal control (CSI) ends with a letter, one for an
     * operating system (OSC) by a control character. ECMA-48, 5.4 and 8.3.89. */
    enum sequence { OUTSIDE, AFTER_ESCAPE, CONTROL, SYSTEM } sequence : 8;
} screen;

void screen_set_text(void)
{
    screen = (struct screen){.kind = TEXT, .rows = VGA_TEXT_ROWS};
}

void screen_set_framebuffer(const struct screen_framebuffer *framebuffer)
{
    uint8_t rows = (uint8_t)framebuffer_set(framebuffer);

    screen = (struct screen){.kind = rows ? PIXELS : NONE, .rows = rows};
}

/* While it maps there is no screen: what fails then must not come here again. */
static void start(struct screen *s)
{
    enum kind kind = s->kind;

    s->is_started = true;
    s->kind = NONE;
    if (kind == TEXT ? vga_text_start() : framebuffer_start())
        s->kind = kind;
}

static void new_line(struct screen *s)
{
    unsigned row = s->row + 1u;

    s->column = 0;
    if (row >= s->rows)
        row = s->rows - (s->kind == TEXT ? vga_text_scroll() : framebuffer_scroll());
    s->row = (uint8_t)row;
}

static void put_visible(struct screen *s, uint8_t byte)
{
    unsigned column = s->column;

    if (column >= DISPLAY_COLUMNS) {
        new_line(s);
        column = 0;
    }
    (s->kind == TEXT ? vga_text_put : framebuffer_put)(s->row, column, byte);
    s->column = (uint8_t)(column + 1);
}

static void put_control(struct screen *s, uint8_t byte)
{
    unsigned column = s->column;

    s->sequence = byte == ESCAPE ? AFTER_ESCAPE : OUTSIDE;
    if (byte == '\n')
        new_line(s);
    else if (byte == '\r')
        s->column = 0;
    else if (byte == '\b' && column > 0)
        s->column = (uint8_t)(column - 1);
    else if (byte == '\t' && column < DISPLAY_COLUMNS)
        s->column = (uint8_t)((column | (TAB_WIDTH - 1)) + 1);
}

static void put(struct screen *s, uint8_t byte)
{
    if (byte < ' ')
        put_control(s, byte);
    else if (s->sequence == OUTSIDE)
        put_visible(s, byte);
    else if (s->sequence == AFTER_ESCAPE)
        s->sequence = byte == '[' ? CONTROL : byte == ']' ? SYSTEM : OUTSIDE;
    else if (s->sequence == CONTROL && byte >= '@')
        s->sequence = OUTSIDE;
}

void screen_write(const char *text, size_t bytes)
{
    struct screen *s = &screen;

    if (s->kind && !s->is_started)
        start(s);
    if (!s->kind)
        return;
    for (const char *end = text + bytes; text < end; text++)
        put(s, (uint8_t)*text);
    if (s->kind == TEXT)
        vga_text_show(s->row, s->column);
}
