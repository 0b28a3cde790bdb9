/* Multiboot2's information: GRUB's own from BIOS and UEFI, and what may be odd or wrong. */
#include "test.h"
#include "pc_boot.h"

#define BASE 0x101000

static struct pc_boot_info info;

static bool is_range(unsigned i, uint64_t start, uint64_t end)
{
    return i < boot_memory.count && boot_memory.ranges[i].start == start &&
           boot_memory.ranges[i].end == end;
}

static void test_machine(const char *path)
{
    static const char text[] = "mem=64M -- one \"two words\"";

    printf("# %s\n", path);
    TAP_EQUAL(pc_apply(fake_memory_load(path), &info), 0);
    TAP_CHECK(pc_boot_is_sane(&info, 0));
    TAP_CHECK(handed.text_bytes == sizeof(text) - 1 && strcmp(handed.text, text) == 0);
    TAP_CHECK(memcmp((const void *)(uintptr_t)info.rsdp, "RSD PTR ", 8) == 0);
    TAP_EQUAL(info.framebuffer.width, 1024);
    TAP_EQUAL(info.framebuffer.height, 768);
    TAP_EQUAL(info.framebuffer.pitch_bytes, 4096);
    TAP_EQUAL(info.framebuffer.bits_per_pixel, 32);
    TAP_CHECK(info.framebuffer.red_position == 16 && info.framebuffer.red_bits == 8);
    TAP_CHECK(info.framebuffer.green_position == 8 && info.framebuffer.green_bits == 8);
    TAP_CHECK(info.framebuffer.blue_position == 0 && info.framebuffer.blue_bits == 8);
    TAP_CHECK(!info.has_text_screen);
}

static void test_machines(void)
{
    test_machine(PC_FOLDER "/grub-bios.memory");
    TAP_CHECK(!info.is_efi);
    TAP_EQUAL(boot_memory.count, 2);
    TAP_CHECK(is_range(0, 0, 0x9F000) && is_range(1, 0x100000, 0x7FDF000));
    TAP_EQUAL(info.framebuffer.base, 0xFD000000);
    TAP_EQUAL(((const char *)(uintptr_t)info.rsdp)[15], 0); /* the old one */
    test_machine(PC_FOLDER "/grub-uefi.memory");
    TAP_CHECK(info.is_efi);
    TAP_EQUAL(boot_memory.count, 8);
    TAP_CHECK(is_range(0, 0, 0xA0000) && is_range(1, 0x100000, 0x800000));
    TAP_CHECK(is_range(4, 0x900000, 0x7EE8B000) && is_range(7, 0x100000000, 0x200000000));
    TAP_EQUAL(info.framebuffer.base, 0xC0000000);
    TAP_EQUAL(((const char *)(uintptr_t)info.rsdp)[15], 2);
}

/* The information that is being made. */
static struct {
    uint32_t words[1024];
    uint32_t count;
} made;

static void begin(void)
{
    fake_memory_clear();
    memset(&made, 0, sizeof(made));
    made.count = 2;
}

static void add(uint32_t type, const void *content, uint32_t bytes)
{
    made.words[made.count] = type;
    made.words[made.count + 1] = 8 + bytes;
    memcpy(&made.words[made.count + 2], content, bytes);
    made.count += (8 + bytes + 7) / 8 * 2;
}

static int apply(void)
{
    made.words[0] = made.count * 4;
    fake_memory_add(BASE, made.words, made.count * 4);
    return pc_apply(BASE, &info);
}

static int end(void)
{
    add(0, "", 0);
    return apply();
}

static void add_map(uint32_t entry_bytes)
{
    const uint32_t map[] = {entry_bytes, 0, 0x100000, 0, 0x100000, 0, 1, 0};

    add(6, map, sizeof(map));
}

static void add_efi_map(uint32_t entry_bytes)
{
    const uint32_t map[] = {entry_bytes, 1, 7, 0, 0x300000, 0, 0, 0, 0x100, 0, 0xF, 0};

    add(17, map, sizeof(map));
}

static void test_maps(void)
{
    static const uint32_t basic[] = {639, 1024};

    begin();
    add_map(24);
    TAP_EQUAL(end(), 0);
    TAP_CHECK(boot_memory.count == 1 && is_range(0, 0x100000, 0x200000));
    TAP_CHECK(!info.is_efi && handed.arguments == 0 && info.rsdp == 0);
    begin();
    add_map(24);
    add_efi_map(40);
    TAP_EQUAL(end(), 0);
    TAP_CHECK(boot_memory.count == 1 && is_range(0, 0x300000, 0x400000));
    begin();
    add_efi_map(32);
    TAP_EQUAL(end(), -EINVAL);
    add_map(24);
    TAP_EQUAL(end(), -EINVAL); /* it stands behind the end */
    begin();
    add_efi_map(48);
    TAP_EQUAL(end(), -EINVAL);
    begin();
    add_map(16);
    TAP_EQUAL(end(), -EINVAL);
    add(4, basic, sizeof(basic));
    begin();
    add_map(0);
    add(4, basic, sizeof(basic));
    TAP_EQUAL(end(), 0);
    TAP_CHECK(is_range(0, 0, 639 << 10 & ~4095) && is_range(1, 0x100000, 0x200000));
    begin();
    add(4, basic, 4);
    TAP_EQUAL(end(), -EINVAL);
}

static void test_tags(void)
{
    begin();
    add_map(24);
    add(1, "abcdefgh", 8); /* no 0 ends it */
    add(99, "unknown", 7);
    TAP_EQUAL(end(), 0);
    TAP_CHECK(handed.text_bytes == 8 && strcmp(handed.text, "abcdefgh") == 0);
    begin();
    add_map(24);
    add(1, "", 1);
    TAP_EQUAL(end(), 0);
    TAP_EQUAL(handed.arguments, 0);
    begin();
    add_map(24);
    add(1, "", 0);
    TAP_EQUAL(end(), 0);
    TAP_EQUAL(handed.arguments, 0);
    begin();
    add_map(24);
    add(14, "RSD PTR too short..", 19);
    TAP_EQUAL(end(), 0);
    TAP_EQUAL(info.rsdp, 0);
    begin();
    add_map(24);
    add(1, "abcdef", 5);
    add(11, "\0\0\1", 4);
    add(14, "RSD PTR 123456789012", 20);
    add(15, "RSD PTR that is too short for a new", 35);
    add(99, "unknown", 7);
    TAP_EQUAL(end(), 0);
    TAP_CHECK(handed.text_bytes == 5 && strcmp(handed.text, "abcde") == 0);
    TAP_CHECK(info.is_efi && memcmp((void *)(uintptr_t)info.rsdp, "RSD PTR 123456789012", 20) == 0);
}

/* The BIOS data area: mode 3, or another, and the CRT controller's port. */
static void test_text_screen(void)
{
    unsigned char mode[27] = {3};

    mode[26] = 0xD4;
    begin();
    mode[0] = 3;
    add_map(24);
    TAP_EQUAL(end(), 0);
    TAP_CHECK(!info.has_text_screen); /* nothing to be read there */
    fake_memory_add(0x449, mode, 27);
    TAP_EQUAL(apply(), 0);
    TAP_CHECK(!info.has_text_screen);
    fake_memory_add(0x464, "\3", 1);
    TAP_EQUAL(apply(), 0);
    TAP_CHECK(info.has_text_screen);
    fake_memory_add(0x449, "\7", 1);
    TAP_EQUAL(apply(), 0);
    TAP_CHECK(!info.has_text_screen);
}

static void test_framebuffers(void)
{
    unsigned char content[30] = {0};

    content[20] = 32; /* bits */
    content[21] = 2;  /* text */
    begin();
    add_map(24);
    add(8, content, 30);
    TAP_EQUAL(end(), 0);
    TAP_EQUAL(info.framebuffer.bits_per_pixel, 0);
    content[21] = 1;
    begin();
    add_map(24);
    add(8, content, 29);
    TAP_EQUAL(end(), 0);
    TAP_EQUAL(info.framebuffer.bits_per_pixel, 0);
    begin();
    add_map(24);
    add(8, content, 30);
    TAP_EQUAL(end(), 0);
    TAP_EQUAL(info.framebuffer.bits_per_pixel, 32);
}

static void test_refused(void)
{
    begin();
    add_map(24);
    TAP_EQUAL(apply(), -EINVAL); /* no end */
    begin();
    add_map(24);
    made.words[3] = 7;
    TAP_EQUAL(end(), -EINVAL);
    made.words[3] = 0xFFFFFFF0;
    TAP_EQUAL(apply(), -EINVAL);
    begin();
    TAP_EQUAL(end(), -EINVAL);
    begin();
    add_map(24);
    add(0, "", 0);
    fake_memory_add(BASE, made.words, made.count * 4);
    TAP_EQUAL(pc_apply(BASE, &info), -EINVAL); /* 0 bytes */
    fake_memory_add(BASE, "\xFF\xFF\xFF\xFF", 4);
    TAP_EQUAL(pc_apply(BASE, &info), -EINVAL);
    made.words[0] = made.count * 4;
    fake_memory_add(BASE + 4, made.words, made.count * 4);
    TAP_EQUAL(pc_apply(BASE + 4, &info), -EINVAL);
    TAP_EQUAL(pc_boot_info_bytes((uintptr_t)made.words), made.count * 4);
    made.words[0] = 0x100001;
    TAP_EQUAL(pc_boot_info_bytes((uintptr_t)made.words), 0);
}

static unsigned accepted, refused;

static void check(uint64_t argument, size_t at)
{
    int result = pc_apply(argument, &info);

    TEST_HOLDS(pc_boot_is_sane(&info, result), "at %zu", at);
    accepted += result == 0;
    refused += result != 0;
}

/* Every byte is replaced in a few ways, and every length cut. */
static void test_corruption(const char *path)
{
    static const unsigned char flips[] = {0x01, 0x04, 0x10, 0x40, 0x80, 0xFF};
    uint64_t argument = fake_memory_load(path);
    uint32_t bytes;

    accepted = refused = 0;
    memcpy(&bytes, fake_byte(argument), 4);
    for (size_t at = 0; at < bytes; at++) {
        unsigned char *byte = fake_byte(argument + at), good = *byte;

        for (size_t i = 0; i < sizeof(flips); i++) {
            *byte = good ^ flips[i];
            check(argument, at);
        }
        *byte = good;
    }
    test_property("every byte corrupted in six ways");
    for (uint32_t length = 0; length < bytes; length++) {
        memcpy(fake_byte(argument), &length, 4);
        check(argument, length);
    }
    test_property("every truncation");
    printf("# %s: %u accepted, %u refused\n", path, accepted, refused);
    TAP_CHECK(accepted > 1000 && refused > 1000);
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    test_machines();
    test_maps();
    test_tags();
    test_text_screen();
    test_framebuffers();
    test_refused();
    test_corruption(PC_FOLDER "/grub-bios.memory");
    test_corruption(PC_FOLDER "/grub-uefi.memory");
    fake_memory_clear();
    return tap_done();
}
