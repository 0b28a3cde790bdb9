/* What screen.c asks of the two kinds of screens. Rows are below their number. */
#ifndef DISPLAY_H
#define DISPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define DISPLAY_COLUMNS       80
#define VGA_TEXT_ROWS         25
#define FRAMEBUFFER_MOST_ROWS 50

struct screen_framebuffer;

/* Map and clear. False: it cannot be mapped. */
bool vga_text_start(void);
bool framebuffer_start(void);

void vga_text_put(unsigned row, unsigned column, uint8_t byte);
void framebuffer_put(unsigned row, unsigned column, uint8_t byte);

/* Move up by at least a row, clearing what comes free; return the number of rows. */
unsigned vga_text_scroll(void);
unsigned framebuffer_scroll(void);

/* What has been written is to be seen, and where the next byte goes. */
void vga_text_show(unsigned row, unsigned column);

/* Keeps a description; returns the number of rows, 0 for one that is no use. */
unsigned framebuffer_set(const struct screen_framebuffer *description);

#endif
