/*
 * The screen as a second console: the PC's text memory, or a framebuffer that firmware has set up.
 * One or none; none until a call here says what there is, and nothing is touched before the first
 * write, which clears it; a later call here starts anew. Text only: control and escape sequences
 * are not shown, but for \n, \r, \t and \b; bytes that are not ASCII are boxes. 80 columns.
 */
#ifndef DRIVERS_SCREEN_H
#define DRIVERS_SCREEN_H

#include <stddef.h>
#include <stdint.h>

/* Linear, direct colour. A field is the bits from its position up. */
struct screen_framebuffer {
    uint64_t base; /* physical */
    uint32_t pitch_bytes;
    uint32_t width, height; /* in pixels */
    uint8_t bits_per_pixel; /* 15, 16, 24 or 32; 0: there is none */
    uint8_t red_position, red_bits;
    uint8_t green_position, green_bits;
    uint8_t blue_position, blue_bits;
};

/* There is VGA text memory, 80x25 in colour, at 0xB8000. Boot; a few instructions. */
void screen_set_text(void);

/*
 * There is this framebuffer; it is copied. One that is no use as a console (palettes, fields out of
 * range, lines longer than the pitch, less than 480 by 100 pixels) counts as none. Boot; about 40
 * instructions.
 */
void screen_set_framebuffer(const struct screen_framebuffer *framebuffer);

/*
 * Shows text; nothing without a screen. Any context, also a panic: takes no lock, but the first
 * call maps the screen. About 40 instructions for a byte of text, 6,000 on a framebuffer.
 */
void screen_write(const char *text, size_t bytes);

#endif
