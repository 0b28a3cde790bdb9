/*
 * VGA text memory and the CRT controller. IBM VGA technical reference (1992), "Video Modes" and
 * "CRT Controller Registers". The screen is a window on the memory, which scrolling moves down:
 * reading it is slow, and writing 25 rows takes time too.
 */
#include "display.h"

#include <arch/mmio.h>
#include <arch/mmu.h>
#include <core/map.h>
#include <string.h>
#include <x86_64/port.h>

#define MEMORY       0xB8000
#define MEMORY_BYTES 0x8000
#define ROW_BYTES    (2 * DISPLAY_COLUMNS)
#define MEMORY_ROWS  (MEMORY_BYTES / ROW_BYTES)

#define GREY         0x0700 /* attribute: light grey on black */
#define BOX          0xFE   /* in code page 437 */

/* The number of a register, its value behind it: these are the start of the window and the cursor,
 * in characters. */
#define CRTC       0x3D4
#define START_HIGH 0x0C
#define CURSOR_LOW 0x0F

static volatile uint8_t top; /* first row of the memory that is shown; in range at any moment */

static void put(unsigned place, uint8_t byte)
{
    mmio_write16(MEMORY + 2 * place, GREY | byte);
}

static unsigned place_of(unsigned row, unsigned column)
{
    return (top + row) * DISPLAY_COLUMNS + column;
}

static void clear_row(unsigned row)
{
    for (unsigned column = 0; column < DISPLAY_COLUMNS; column++)
        put(place_of(row, column), ' ');
}

bool vga_text_start(void)
{
    if (core_map_device(MEMORY, MEMORY_BYTES, ARCH_MAP_UNCACHED) != 0)
        return false;
    top = 0;
    for (unsigned row = 0; row < VGA_TEXT_ROWS; row++)
        clear_row(row);
    return true;
}

void vga_text_put(unsigned row, unsigned column, uint8_t byte)
{
    put(place_of(row, column), byte < 0x7F ? byte : BOX);
}

/* At the end of the memory what stays on the screen goes back to its start. */
unsigned vga_text_scroll(void)
{
    unsigned next = top + 1u;

    if (next > MEMORY_ROWS - VGA_TEXT_ROWS) {
        memmove((void *)MEMORY, (void *)(MEMORY + (uintptr_t)next * ROW_BYTES),
                (VGA_TEXT_ROWS - 1) * ROW_BYTES);
        next = 0;
    }
    top = (uint8_t)next;
    clear_row(VGA_TEXT_ROWS - 1);
    return 1;
}

void vga_text_show(unsigned row, unsigned column)
{
    uint32_t values = place_of(0, 0) << 16 | place_of(row, column);

    for (unsigned place = CURSOR_LOW; place >= START_HIGH; place--, values >>= 8)
        port_write16(CRTC, (uint16_t)(place | values << 8));
}
