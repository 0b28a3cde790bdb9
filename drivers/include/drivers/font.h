/* The font of framebuffers: ASCII, 5 by 8 dots, the last row for what goes below the line. */
#ifndef DRIVERS_FONT_H
#define DRIVERS_FONT_H

#include <stdint.h>

#define FONT_WIDTH  5
#define FONT_HEIGHT 8

/* FONT_WIDTH columns from the left, bit 0 of each on top. What is not visible ASCII is a box. */
const uint8_t *font_glyph(uint8_t byte);

#endif
