/*
 * Text on a linear framebuffer. Video memory is never read: what stands on the screen is kept here,
 * and scrolling draws what differs. It goes by several rows, so that a long output stays fast.
 */
#include "display.h"

#include <arch/mmu.h>
#include <core/map.h>
#include <drivers/font.h>
#include <drivers/screen.h>
#include <kiln/api.h>
#include <string.h>

/* A character with the space around it, in dots; a dot is a square of `scale` pixels. */
#define CELL_WIDTH  (FONT_WIDTH + 1)
#define CELL_HEIGHT (FONT_HEIGHT + 2)

#define LEAST_ROWS  10

static struct screen_framebuffer framebuffer;
static uint32_t white;
static unsigned pixel_bytes, scale, rows;
KILN_NOINIT static uint8_t cells[FRAMEBUFFER_MOST_ROWS * DISPLAY_COLUMNS];

static bool is_field(uint8_t position, uint8_t bits)
{
    return bits > 0 && position + bits <= framebuffer.bits_per_pixel;
}

static bool is_usable(void)
{
    uint64_t bytes = (uint64_t)framebuffer.pitch_bytes * framebuffer.height;

    return pixel_bytes >= 2 && pixel_bytes <= 4 && framebuffer.base && bytes >> 32 == 0 &&
           framebuffer.base < UINT64_MAX - bytes &&
           framebuffer.width <= framebuffer.pitch_bytes / pixel_bytes &&
           is_field(framebuffer.red_position, framebuffer.red_bits) &&
           is_field(framebuffer.green_position, framebuffer.green_bits) &&
           is_field(framebuffer.blue_position, framebuffer.blue_bits);
}

static uint32_t field(uint8_t position, uint8_t bits)
{
    return (uint32_t)(((1ull << bits) - 1) << position);
}

unsigned framebuffer_set(const struct screen_framebuffer *description)
{
    framebuffer = *description;
    pixel_bytes = (uint8_t)((framebuffer.bits_per_pixel + 7) / 8);
    scale = framebuffer.width / (CELL_WIDTH * DISPLAY_COLUMNS);
    if (!scale || !is_usable())
        return 0;
    white = field(framebuffer.red_position, framebuffer.red_bits) |
            field(framebuffer.green_position, framebuffer.green_bits) |
            field(framebuffer.blue_position, framebuffer.blue_bits);
    rows = framebuffer.height / (CELL_HEIGHT * scale);
    if (rows > FRAMEBUFFER_MOST_ROWS)
        rows = FRAMEBUFFER_MOST_ROWS;
    return rows < LEAST_ROWS ? 0 : rows;
}

bool framebuffer_start(void)
{
    size_t bytes = (size_t)framebuffer.pitch_bytes * framebuffer.height;

    if (core_map_device(framebuffer.base, bytes, ARCH_MAP_UNCACHED) != 0)
        return false;
    memset((void *)framebuffer.base, 0, bytes);
    memset(cells, ' ', sizeof(cells));
    return true;
}

static uint8_t *put_dot(uint8_t *to, uint32_t color)
{
    for (unsigned i = 0; i < scale; i++)
        for (unsigned byte = 0; byte < pixel_bytes; byte++)
            *to++ = (uint8_t)(color >> 8 * byte);
    return to;
}

static void draw_line(uint8_t *to, const uint8_t *glyph, unsigned y)
{
    for (unsigned x = 0; x < FONT_WIDTH; x++)
        to = put_dot(to, glyph[x] >> y & 1 ? white : 0);
}

static void draw(unsigned row, unsigned column, uint8_t byte)
{
    const uint8_t *glyph = font_glyph(byte);
    uint8_t *line = (uint8_t *)framebuffer.base +
                    (size_t)row * CELL_HEIGHT * scale * framebuffer.pitch_bytes +
                    (size_t)column * CELL_WIDTH * scale * pixel_bytes;

    for (unsigned y = 0; y < FONT_HEIGHT * scale; y++, line += framebuffer.pitch_bytes)
        draw_line(line, glyph, y / scale);
}

void framebuffer_put(unsigned row, unsigned column, uint8_t byte)
{
    cells[row * DISPLAY_COLUMNS + column] = byte;
    draw(row, column, byte);
}

unsigned framebuffer_scroll(void)
{
    unsigned by = rows / 4;
    unsigned end = rows * DISPLAY_COLUMNS;

    for (unsigned to = 0; to < end; to++) {
        unsigned from = to + by * DISPLAY_COLUMNS;
        uint8_t byte = from < end ? cells[from] : ' ';

        if (cells[to] != byte)
            framebuffer_put(to / DISPLAY_COLUMNS, to % DISPLAY_COLUMNS, byte);
    }
    return by;
}
