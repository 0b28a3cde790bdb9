/* Machines as pc_data/make.py has found them, for those who read their ACPI tables. */
#ifndef ACPI_MACHINE_H
#define ACPI_MACHINE_H

#include <drivers/acpi.h>
#include "fake_memory.h"

/* Where the machine's root pointer is, among the pieces that its file has; 0: it has none. */
static inline uint64_t machine_root(void)
{
    uint64_t root = 0;

    for (unsigned i = 0; i < fake_memory.piece_count; i++) {
        const struct fake_piece *piece = &fake_memory.pieces[i];
        const unsigned char *data = core_map_readable(piece->physical, piece->bytes);

        for (size_t at = 0; at + 20 <= piece->bytes; at += 4)
            if (memcmp(data + at, "RSD PTR ", 8) == 0)
                root = piece->physical + at; /* Multiboot2's new one comes behind the old one */
    }
    fake_memory_release();
    return root;
}

static inline void machine_load(const char *path)
{
    printf("# %s\n", path);
    fake_memory_load(path);
    acpi_set_root(machine_root());
}

#endif
