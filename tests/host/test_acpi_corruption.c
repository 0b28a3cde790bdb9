/*
 * Every single-byte corruption of real tables, with checksums that are wrong then and with right
 * ones, every length that a table may claim, and every page gone.
 */
#include "test.h"
#include "acpi_invariants.h"
#include "acpi_machine.h"

/* The first of ACPI's pieces: PVH's files have the root pointer in front of the list of tables. */
static unsigned first_piece(void)
{
    unsigned p = 0;

    while (p < fake_memory.piece_count &&
           (fake_memory.pieces[p].bytes < 36 ||
            memcmp(fake_byte(fake_memory.pieces[p].physical) + 1, "SDT", 3) != 0))
        p++;
    return p - 1;
}

static void corrupt(const struct fake_piece *piece, unsigned flips)
{
    for (size_t at = 0; at < piece->bytes; at++) {
        unsigned char *byte = fake_byte(piece->physical + at), good = *byte;

        for (unsigned i = 0; i < flips; i++) {
            *byte = good ^ (unsigned char)(test_below(255) + 1);
            TEST_HOLDS(acpi_is_sane(), "0x%llx at %zu", (unsigned long long)piece->physical, at);
        }
        *byte = good;
    }
}

static void claim_lengths(const struct fake_piece *piece)
{
    unsigned char *length = fake_byte(piece->physical + 4), good[4];
    size_t step = piece->bytes > 1000 ? 7 : 1;

    memcpy(good, length, sizeof(good));

    for (size_t bytes = 0; bytes < piece->bytes + 5; bytes += step) {
        length[0] = (unsigned char)bytes;
        length[1] = (unsigned char)(bytes >> 8);
        TEST_HOLDS(acpi_is_sane(), "0x%llx of %zu", (unsigned long long)piece->physical, bytes);
    }
    for (unsigned bit = 16; bit < 32; bit++) {
        length[2] = (unsigned char)(1u << bit >> 16);
        length[3] = (unsigned char)(1u << bit >> 24);
        TEST_HOLDS(acpi_is_sane(), "0x%llx, bit %u", (unsigned long long)piece->physical, bit);
    }
    memcpy(length, good, sizeof(good));
}

static void lose_pages(void)
{
    for (unsigned i = 0; i < fake_memory.page_count; i++) {
        uint64_t number = fake_memory.pages[i].number;

        fake_memory.pages[i].number = UINT64_MAX;
        TEST_HOLDS(acpi_is_sane(), "without page 0x%llx", (unsigned long long)number);
        fake_memory.pages[i].number = number;
    }
}

static void run(const char *path)
{
    machine_load(path);
    for (unsigned p = first_piece(); p < fake_memory.piece_count; p++) {
        const struct fake_piece *piece = &fake_memory.pieces[p];

        fake_memory.mends_checksums = false;
        corrupt(piece, 1);
        fake_memory.mends_checksums = true;
        corrupt(piece, piece->bytes > 1000 ? 1 : 8);
        claim_lengths(piece);
    }
    fake_memory.mends_checksums = false;
    test_property("bytes corrupted, lengths claimed");
    lose_pages();
    test_property("every page gone");
    TAP_CHECK(acpi_is_sane());
    TAP_CHECK(acpi_find("APIC", 0, 44) != NULL); /* all is as it was */
    fake_memory_release();
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    run(PC_FOLDER "/q35.memory");
    run(PC_FOLDER "/microvm.memory");
    run(PC_FOLDER "/pc.memory");
    fake_memory_clear();
    return tap_done();
}
