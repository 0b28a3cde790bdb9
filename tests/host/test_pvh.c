/* PVH's start information: QEMU's own on three machines, and what may be odd or wrong. */
#include "test.h"
#include "pc_boot.h"

#define START 0x5008
#define MAP   0x6ff8 /* across a page's end */
#define TEXT  0x8ff0

static struct pc_boot_info info;

static bool is_range(unsigned i, uint64_t start, uint64_t end)
{
    return i < boot_memory.count && boot_memory.ranges[i].start == start &&
           boot_memory.ranges[i].end == end;
}

static void test_machine(const char *path, unsigned count, uint64_t last_start, uint64_t last_end)
{
    uint64_t argument = fake_memory_load(path);

    printf("# %s\n", path);
    TAP_EQUAL(pc_apply(argument, &info), 0);
    TAP_CHECK(pc_boot_is_sane(&info, 0) && pvh_map_is_kept(argument));
    TAP_EQUAL(boot_memory.count, count);
    TAP_CHECK(is_range(0, 0, 0x9F000));
    TAP_CHECK(is_range(count - 1, last_start, last_end));
    TAP_EQUAL(handed.text_bytes, 26);
    TAP_CHECK(strcmp(handed.text, "mem=64M -- one 'two words'") == 0);
    TAP_CHECK(!info.is_efi && info.framebuffer.bits_per_pixel == 0);
}

static void test_machines(void)
{
    test_machine(PC_FOLDER "/q35.memory", 2, 0x100000, 0x7FDF000);
    TAP_EQUAL(info.rsdp, 0xF5250);
    TAP_CHECK(info.has_text_screen);
    test_machine(PC_FOLDER "/pc.memory", 3, 0x100000000, 0x1C0000000);
    TAP_CHECK(is_range(1, 0x100000, 0xBFFE0000));
    TAP_CHECK(info.has_text_screen);
    test_machine(PC_FOLDER "/microvm.memory", 2, 0x100000, 0x7FFF000);
    TAP_CHECK(info.rsdp != 0 && !info.has_text_screen);
    test_machine(PC_FOLDER "/microvm-no-acpi.memory", 2, 0x100000, 0x8000000);
    TAP_CHECK(info.rsdp == 0 && !info.has_text_screen);
}

/* In the order of Xen's structure. */
struct start {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, text, rsdp, map;
    uint32_t count, reserved;
};

struct entry {
    uint64_t base, bytes;
    uint32_t type, reserved;
};

static struct start start;

static void begin(void)
{
    fake_memory_clear();
    start = (struct start){.magic = 0x336EC578, .version = 1, .map = MAP, .rsdp = 0x1234};
}

static int apply(const struct entry *entries, unsigned count)
{
    start.count = count;
    fake_memory_add(START, &start, sizeof(start));
    fake_memory_add(MAP, entries, count * sizeof(*entries));
    return pc_apply(START, &info);
}

static const struct entry ram[] = {{0x100000, 0x100000, 1, 0}};

static void test_good(void)
{
    begin();
    TAP_EQUAL(apply(ram, 1), 0);
    TAP_CHECK(boot_memory.count == 1 && is_range(0, 0x100000, 0x200000));
    TAP_EQUAL(handed.arguments, 0);
    TAP_EQUAL(info.rsdp, 0x1234);
    TAP_EQUAL(pc_boot_info_bytes((uintptr_t)&start), 56);
}

static void test_refused(void)
{
    begin();
    start.version = 0;
    TAP_EQUAL(apply(ram, 1), -EINVAL);
    begin();
    TAP_EQUAL(apply(ram, 0), -EINVAL);
    begin();
    start.magic++;
    TAP_EQUAL(apply(ram, 1), -EINVAL);
    begin();
    start.map = 0x7FFF000;
    TAP_EQUAL(apply(ram, 1), -EINVAL);
    begin();
    start.map = UINT64_MAX - 8;
    TAP_EQUAL(apply(ram, 1), -EINVAL);
    TAP_EQUAL(pc_apply(0, &info), -EINVAL);
    TAP_EQUAL(pc_apply(0x7000000, &info), -EINVAL);
    TAP_EQUAL(pc_apply(UINT64_MAX - 3, &info), -EINVAL);
    TAP_CHECK(pc_boot_is_sane(&info, -EINVAL));
    TAP_EQUAL(pc_boot_info_bytes(0), 0);
    TAP_EQUAL(pc_boot_info_bytes((uintptr_t)&start + 1), 0);
}

/* A text of so many bytes; the result is how many were handed on. */
static size_t text_at(uint64_t place, size_t bytes, bool is_ended)
{
    static char text[BOOT_ARGUMENT_BYTES + 8192];

    begin();
    memset(text, 'x', bytes);
    text[bytes] = '\0';
    start.text = place;
    if (is_ended) {
        fake_memory_add(place, text, bytes + 1);
    } else { /* all the rest of the last page is text too */
        bytes += -(place + bytes) % FAKE_PAGE;
        memset(text, 'x', bytes);
        fake_memory_add(place, text, bytes);
    }
    TAP_EQUAL(apply(ram, 1), 0);
    return handed.text_bytes;
}

/* One that begins near a page's end. */
static size_t text_of(size_t bytes, bool is_ended)
{
    return text_at(TEXT, bytes, is_ended);
}

static void test_texts(void)
{
    TAP_EQUAL(text_of(0, true), 0);
    TAP_EQUAL(handed.arguments, 0);
    TAP_EQUAL(text_of(15, true), 15);
    TAP_EQUAL(text_of(16, true), 16);
    TAP_EQUAL(text_of(16 + 4096, true), 16 + 4096);
    TAP_EQUAL(text_of(BOOT_ARGUMENT_BYTES, true), BOOT_ARGUMENT_BYTES);
    TAP_EQUAL(text_of(10, false), 16);
    TAP_EQUAL(text_of(4096, false), 16 + 4096);
    /* Core refuses what is longer than it takes. */
    TAP_CHECK(text_of(BOOT_ARGUMENT_BYTES + 1, true) > BOOT_ARGUMENT_BYTES);
    TAP_CHECK(text_at(0x9000, BOOT_ARGUMENT_BYTES + 1, true) > BOOT_ARGUMENT_BYTES);
    begin();
    start.text = 0x7000000;
    TAP_EQUAL(apply(ram, 1), 0);
    TAP_EQUAL(handed.arguments, 0);
}

/* Each byte of what QEMU hands over is replaced, and each length cut. */
static void test_corruption(const char *path)
{
    uint64_t argument = fake_memory_load(path);
    unsigned accepted = 0, refused = 0;

    for (unsigned p = 1; p < fake_memory.piece_count && p < 4; p++)
        for (size_t i = 0; i < fake_memory.pieces[p].bytes; i++) {
            unsigned char *byte = fake_byte(fake_memory.pieces[p].physical + i);
            unsigned char good = *byte;

            for (unsigned flip = 1; flip < 256; flip++) {
                int result;

                *byte = (unsigned char)(good ^ flip);
                result = pc_apply(argument, &info);
                TEST_HOLDS(pc_boot_is_sane(&info, result), "piece %u at %zu flip %u", p, i, flip);
                TEST_HOLDS(result != 0 || pvh_map_is_kept(argument), "piece %u at %zu", p, i);
                accepted += result == 0;
                refused += result != 0;
            }
            *byte = good;
        }
    test_property("every byte corrupted in every way");
    printf("# %s: %u accepted, %u refused\n", path, accepted, refused);
    TAP_CHECK(accepted > 1000 && refused > 1000);
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    test_machines();
    test_good();
    test_refused();
    test_texts();
    test_corruption(PC_FOLDER "/q35.memory");
    test_corruption(PC_FOLDER "/microvm-no-acpi.memory");
    fake_memory_clear();
    return tap_done();
}
