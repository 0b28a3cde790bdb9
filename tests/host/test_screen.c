/*
 * The screen against a simple model of a terminal: text memory seen through the CRT controller's
 * window, and framebuffers of every format, compared pixel by pixel.
 */
#include <core/map.h>
#include <drivers/font.h>
#include <drivers/screen.h>
#include <string.h>
#include <sys/mman.h>
#include <x86_64/port.h>
#include "test.h"

#define TEXT_MEMORY ((uint16_t *)0xB8000)
#define TEXT_CELLS  0x4000

enum { COLUMNS = 80, MOST_ROWS = 50 };

static uint8_t crtc[256];
static unsigned port_writes;

uint32_t fake_port_read(uint16_t port, unsigned bits)
{
    (void)port;
    (void)bits;
    tap_check(false, "ports are only written");
    return 0;
}

void fake_port_write(uint16_t port, unsigned bits, uint32_t value)
{
    port_writes++;
    if (port != 0x3D4 || bits != 16)
        tap_check(false, "only the CRT controller is written");
    crtc[value & 0xFF] = (uint8_t)(value >> 8);
}

static struct {
    unsigned calls;
    uintptr_t base;
    size_t bytes;
    enum arch_mapping kind;
    int answer;
} map;

int core_map_device(uintptr_t physical, size_t bytes, enum arch_mapping kind)
{
    map.calls++;
    map.base = physical;
    map.bytes = bytes;
    map.kind = kind;
    return map.answer;
}

/* What a screen ought to show. */
static struct {
    unsigned rows, scroll_rows, row, column;
    uint8_t cells[MOST_ROWS][COLUMNS];
} model;

static void model_reset(unsigned rows, unsigned scroll_rows)
{
    model.rows = rows;
    model.scroll_rows = scroll_rows;
    model.row = model.column = 0;
    memset(model.cells, ' ', sizeof(model.cells));
}

static void model_new_line(void)
{
    model.column = 0;
    if (++model.row < model.rows)
        return;
    model.row -= model.scroll_rows;
    memmove(model.cells[0], model.cells[model.scroll_rows], model.row * COLUMNS);
    memset(model.cells[model.row], ' ', model.scroll_rows * COLUMNS);
}

static void model_put(uint8_t byte)
{
    if (byte == '\n')
        model_new_line();
    else if (byte == '\r')
        model.column = 0;
    else if (byte == '\b')
        model.column -= model.column > 0;
    else if (byte == '\t')
        model.column = model.column == COLUMNS ? COLUMNS : model.column / 8 * 8 + 8;
    if (byte < ' ')
        return;
    if (model.column == COLUMNS)
        model_new_line();
    model.cells[model.row][model.column++] = byte;
}

static void write_both(const char *text, size_t bytes)
{
    screen_write(text, bytes);
    for (size_t i = 0; i < bytes; i++)
        model_put((uint8_t)text[i]);
}

static void write_text(const char *text)
{
    write_both(text, strlen(text));
}

/* A few words, blanks and controls, and bytes of all values but escapes. */
static void write_random(void)
{
    static const char controls[] = "\n\n\n\r\b\b\t\a";
    char text[64];
    size_t bytes = test_below(sizeof(text));

    for (size_t i = 0; i < bytes; i++) {
        unsigned choice = test_below(16);

        text[i] = choice == 0   ? controls[test_below(sizeof(controls) - 1)]
                  : choice == 1 ? (char)(0x20 + test_below(0xE0))
                                : (char)('a' + test_below(26));
    }
    write_both(text, bytes);
}

static unsigned crtc_pair(unsigned high)
{
    return crtc[high] << 8 | crtc[high + 1];
}

static bool text_is_right(void)
{
    unsigned start = crtc_pair(0x0C);

    for (unsigned i = 0; i < 25 * COLUMNS; i++) {
        uint8_t byte = model.cells[i / COLUMNS][i % COLUMNS];
        uint16_t expected = 0x0700 | (byte < 0x7F ? byte : 0xFE);

        if (start + i >= TEXT_CELLS || TEXT_MEMORY[start + i] != expected)
            return false;
    }
    return crtc_pair(0x0E) == start + model.row * COLUMNS + model.column;
}

static void test_nothing(void)
{
    static const struct screen_framebuffer none;

    screen_write("x", 1);
    screen_set_framebuffer(&none);
    screen_write("x", 1);
    TAP_EQUAL(map.calls, 0);
    TAP_EQUAL(port_writes, 0);
}

/* A screen that cannot be mapped is asked for once. */
static void test_unmappable(void)
{
    map.answer = -1;
    screen_set_text();
    screen_write("x", 1);
    screen_write("x", 1);
    TAP_EQUAL(map.calls, 1);
    TAP_EQUAL(port_writes, 0);
    map.answer = 0;
}

static void test_sequences(void)
{
    static const char text[] = "\033]kiln;ready\aa\033[1;31mb\033[0mc\033]x\033\\d\033(e";

    screen_write(text, sizeof(text) - 1);
    for (uint8_t byte = 'a'; byte <= 'e'; byte++)
        model_put(byte);
    screen_write("\033]lost its end\n", 16);
    model_put('\n');
    write_text("[0m]kiln;");
    test_violations += !text_is_right();
    test_property("escape sequences are not shown");
}

static void test_text(void)
{
    for (unsigned i = 0; i < TEXT_CELLS; i++)
        TEXT_MEMORY[i] = 0x1F41;
    map.calls = 0;
    screen_set_text();
    TAP_EQUAL(port_writes, 0);
    TAP_EQUAL(TEXT_MEMORY[0], 0x1F41);
    model_reset(25, 1);
    write_text("Hello\n");
    TAP_EQUAL(map.calls, 1);
    TAP_EQUAL(map.base, 0xB8000);
    TAP_EQUAL(map.bytes, 0x8000);
    TAP_EQUAL(map.kind, ARCH_MAP_UNCACHED);
    TAP_CHECK(text_is_right());
    TAP_EQUAL(TEXT_MEMORY[0], 0x0700 | 'H');
    TAP_EQUAL(crtc_pair(0x0E), 80);
    test_sequences();
    for (unsigned i = 0; i < 20000; i++) {
        write_random();
        TEST_HOLDS(text_is_right(), "write %u", i);
    }
    test_property("text: the screen shows what the model shows");
    TAP_EQUAL(map.calls, 1);
}

/* A line of 80 characters and its end take one row. */
static void test_edges(void)
{
    for (unsigned i = 0; i < 30; i++)
        write_text("\n");
    for (unsigned i = 0; i < COLUMNS; i++)
        write_text("m");
    write_text("\b\bxy");
    TAP_CHECK(text_is_right());
    TAP_EQUAL(TEXT_MEMORY[crtc_pair(0x0C) + 25 * COLUMNS - 1], 0x0700 | 'y');
    write_text("\t\r\tz\n|");
    TAP_CHECK(text_is_right());
    write_text("\rover\b\b\b\b\b\b\b");
    TAP_CHECK(text_is_right());
}

struct format {
    const char *name;
    uint32_t width, height, pitch;
    uint8_t bits, red, red_bits, green, green_bits, blue, blue_bits;
    uint32_t white;
};

static const struct format formats[] = {
    {"XRGB8888", 1024, 768, 4096, 32, 16, 8, 8, 8, 0, 8, 0xFFFFFF},
    {"RGBX8888", 640, 480, 2560 + 64, 32, 24, 8, 16, 8, 8, 8, 0xFFFFFF00},
    {"XBGR2101010", 800, 600, 3200, 32, 0, 10, 10, 10, 20, 10, 0x3FFFFFFF},
    {"BGR888", 1280, 800, 3840, 24, 0, 8, 8, 8, 16, 8, 0xFFFFFF},
    {"RGB888", 641, 487, 1923, 24, 16, 8, 8, 8, 0, 8, 0xFFFFFF},
    {"RGB565", 800, 480, 1664, 16, 11, 5, 5, 6, 0, 5, 0xFFFF},
    {"RGB555", 480, 100, 960, 15, 10, 5, 5, 5, 0, 5, 0x7FFF},
    {"BGR555 of 16 bits", 640, 400, 1280, 16, 0, 5, 5, 5, 10, 5, 0x7FFF},
};

static uint8_t *memory;
static size_t memory_bytes;

static struct screen_framebuffer description(const struct format *f)
{
    return (struct screen_framebuffer){
        .base = (uintptr_t)memory,
        .pitch_bytes = f->pitch,
        .width = f->width,
        .height = f->height,
        .bits_per_pixel = f->bits,
        .red_position = f->red,
        .red_bits = f->red_bits,
        .green_position = f->green,
        .green_bits = f->green_bits,
        .blue_position = f->blue,
        .blue_bits = f->blue_bits,
    };
}

static unsigned scale_of(const struct format *f)
{
    return f->width / 480;
}

static unsigned rows_of(const struct format *f)
{
    unsigned rows = f->height / (10 * scale_of(f));

    return rows < MOST_ROWS ? rows : MOST_ROWS;
}

static uint32_t expected_pixel(const struct format *f, unsigned x, unsigned y)
{
    unsigned scale = scale_of(f);
    unsigned column = x / scale / 6, row = y / scale / 10;
    unsigned dot_x = x / scale % 6, dot_y = y / scale % 10;

    if (column >= COLUMNS || row >= rows_of(f) || dot_x >= 5 || dot_y >= 8)
        return 0;
    return font_glyph(model.cells[row][column])[dot_x] >> dot_y & 1 ? f->white : 0;
}

static bool is_right(const struct format *f)
{
    unsigned bytes = (f->bits + 7u) / 8;

    for (unsigned y = 0; y < f->height; y++)
        for (unsigned x = 0; x < f->pitch; x++) {
            uint32_t pixel = x / bytes < f->width ? expected_pixel(f, x / bytes, y) : 0;

            if (memory[y * f->pitch + x] != (uint8_t)(pixel >> 8 * (x % bytes)))
                return false;
        }
    for (size_t i = (size_t)f->height * f->pitch; i < memory_bytes; i++)
        if (memory[i] != 0xA5)
            return false;
    return true;
}

static void test_format(const struct format *f)
{
    struct screen_framebuffer framebuffer;

    memory_bytes = (size_t)f->height * f->pitch + 64;
    memory = malloc(memory_bytes);
    memset(memory, 0xA5, memory_bytes);
    framebuffer = description(f);
    screen_set_framebuffer(&framebuffer);
    TEST_HOLDS(memory[0] == 0xA5, "not touched before the first write");
    model_reset(rows_of(f), rows_of(f) / 4);
    screen_write("", 0);
    TEST_HOLDS(map.base == framebuffer.base, "base");
    TEST_HOLDS(map.bytes == memory_bytes - 64 && map.kind == ARCH_MAP_UNCACHED, "mapping");
    TEST_HOLDS(is_right(f), "%s clear", f->name);
    for (unsigned i = 0; i < 120; i++) {
        write_random();
        if (i % 10 == 9)
            TEST_HOLDS(is_right(f), "%s after %u writes", f->name, i);
    }
    test_property(f->name);
    free(memory);
}

/* Each is a good one, but for one thing. */
static void test_unusable(void)
{
    struct screen_framebuffer good, bad[12];

    memory = (uint8_t *)0x1000;
    good = description(&formats[0]);
    for (unsigned i = 0; i < 12; i++)
        bad[i] = good;
    bad[0].base = 0;
    bad[1].bits_per_pixel = 8;
    bad[2].bits_per_pixel = 33;
    bad[3].width = 479;
    bad[4].height = 199;
    bad[5].pitch_bytes = 4095;
    bad[6].red_bits = 17;
    bad[7].green_bits = 0;
    bad[8].blue_position = 25;
    bad[9].base = UINT64_MAX - 0x1000;
    bad[10].height = UINT32_MAX;
    bad[11].pitch_bytes = UINT32_MAX;
    map.calls = 0;
    for (unsigned i = 0; i < 12; i++) {
        screen_set_framebuffer(&bad[i]);
        screen_write("x", 1);
        TEST_HOLDS(map.calls == 0, "description %u", i);
    }
    test_property("descriptions that are no use are left alone");
}

static void test_font(void)
{
    static const uint8_t letter[] = {0x7C, 0x12, 0x11, 0x12, 0x7C};

    TAP_CHECK(memcmp(font_glyph('A'), letter, 5) == 0);
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < a; b++) {
            bool is_ascii = a >= ' ' && a <= '~';
            bool other_is_ascii = b >= ' ' && b <= '~';
            bool is_same = memcmp(font_glyph((uint8_t)a), font_glyph((uint8_t)b), 5) == 0;

            TEST_HOLDS(is_same == (!is_ascii && !other_is_ascii), "%u and %u", a, b);
        }
    test_property("every character has a glyph of its own, all others a box");
}

int main(int argc, char **argv)
{
    void *text = mmap(TEXT_MEMORY, TEXT_CELLS * 2, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    if (text != TEXT_MEMORY)
        abort();
    test_begin(argc, argv, 16550);
    test_nothing();
    test_unmappable();
    test_text();
    test_edges();
    for (unsigned i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        test_format(&formats[i]);
    test_unusable();
    test_font();
    return tap_done();
}
