#include <lib/fdt.h>

#include <errno.h>

/* The header (5.2), in words. */
enum {
    HEADER_MAGIC,
    HEADER_TOTAL_SIZE,
    HEADER_STRUCTURE_OFFSET,
    HEADER_STRINGS_OFFSET,
    HEADER_RESERVATION_OFFSET,
    HEADER_VERSION,
    HEADER_LAST_COMPATIBLE_VERSION,
    HEADER_BOOT_CPU,
    HEADER_STRINGS_SIZE,
    HEADER_STRUCTURE_SIZE,
    HEADER_WORDS
};

#define MAGIC             0xD00DFEEDu
#define VERSION           17
#define RESERVATION_WORDS 4

size_t fdt_total_bytes(const void *tree)
{
    const uint32_t *header = tree;
    uint32_t bytes;

    if ((uintptr_t)tree % 4 != 0 || fdt_word(header[HEADER_MAGIC]) != MAGIC)
        return 0;
    bytes = fdt_word(header[HEADER_TOTAL_SIZE]);
    return bytes >= HEADER_WORDS * 4 && bytes <= FDT_MAX_BYTES ? bytes : 0;
}

/* Whether a block lies within the first `limit` bytes. */
static bool is_within(uint32_t offset, uint32_t bytes, uint32_t limit)
{
    return offset <= limit && bytes <= limit - offset;
}

/* Finds the root's token and the FDT_END that fdt_next relies upon. */
static bool find_structure(struct fdt_reader *reader, const uint32_t *start, uint32_t words)
{
    const uint32_t *last = start + words;

    do {
        if (last-- == start)
            return false;
    } while (*last != fdt_word(FDT_END));
    while (*start == fdt_word(FDT_NOP))
        start++;
    reader->at = start;
    reader->last = last;
    return *start == fdt_word(FDT_BEGIN_NODE);
}

int fdt_begin(struct fdt_reader *reader, const void *tree, size_t max_bytes)
{
    const uint32_t *header = tree;
    uint32_t limit = max_bytes < HEADER_WORDS * 4 ? 0 : (uint32_t)fdt_total_bytes(tree);
    uint32_t structure, structure_bytes, strings, strings_bytes, reservation;

    if (limit == 0 || fdt_word(header[HEADER_VERSION]) < VERSION ||
        fdt_word(header[HEADER_LAST_COMPATIBLE_VERSION]) > VERSION)
        return -EINVAL;
    if (limit > max_bytes)
        limit = (uint32_t)max_bytes;
    structure = fdt_word(header[HEADER_STRUCTURE_OFFSET]);
    structure_bytes = fdt_word(header[HEADER_STRUCTURE_SIZE]);
    strings = fdt_word(header[HEADER_STRINGS_OFFSET]);
    strings_bytes = fdt_word(header[HEADER_STRINGS_SIZE]);
    reservation = fdt_word(header[HEADER_RESERVATION_OFFSET]);
    if (structure % 4 != 0 || reservation % 4 != 0 || reservation > limit ||
        !is_within(structure, structure_bytes, limit) || !is_within(strings, strings_bytes, limit))
        return -EINVAL;
    *reader = (struct fdt_reader){
        .strings = (const char *)tree + strings,
        .strings_bytes = strings_bytes,
        .reservation = header + reservation / 4,
        .reservation_end = header + limit / 4,
    };
    /* Ended by a 0, every name in the strings block is terminated. */
    if (strings_bytes != 0 && reader->strings[strings_bytes - 1] != '\0')
        return -EINVAL;
    return find_structure(reader, header + structure / 4, structure_bytes / 4) ? 0 : -EINVAL;
}

int fdt_next_reservation(struct fdt_reader *reader, uint64_t *base, uint64_t *bytes)
{
    const uint32_t *entry = reader->reservation;

    if (reader->reservation_end - entry < RESERVATION_WORDS)
        return -EINVAL;
    *base = fdt_read_cells(entry, 2);
    *bytes = fdt_read_cells(entry + 2, 2);
    if (*base == 0 && *bytes == 0)
        return 0;
    reader->reservation = entry + RESERVATION_WORDS;
    return 1;
}

uint64_t fdt_read_cells(const uint32_t *value, unsigned cells)
{
    uint64_t number = 0;

    while (cells-- > 0)
        number = number << 32 | fdt_word(*value++);
    return number;
}

bool fdt_property_has(const struct fdt_property *property, const char *string)
{
    const char *at = (const char *)property->value;
    const char *end = at + fdt_property_bytes(property);

    while (at < end) {
        const char *expected = string;

        while (at < end && *at == *expected && *at != '\0') {
            at++;
            expected++;
        }
        if (at < end && *at == *expected)
            return true;
        while (at < end && *at++ != '\0')
            ;
    }
    return false;
}
