/*
 * A PC's physical memory, as far as a test fills it: whole pages. What is read is handed out as a
 * copy of exactly the size that was asked for, so that AddressSanitizer sees a byte too far.
 */
#ifndef FAKE_MEMORY_H
#define FAKE_MEMORY_H

#include <core/map.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_PAGES  160
#define FAKE_COPIES 4096
#define FAKE_PAGE   4096u
#define FAKE_PIECES 64

struct fake_page {
    uint64_t number;
    unsigned char data[FAKE_PAGE];
};

/* Bytes that a file has, or a test has added. */
struct fake_piece {
    uint64_t physical;
    size_t bytes;
};

static struct {
    struct fake_page pages[FAKE_PAGES];
    unsigned page_count;
    struct fake_piece pieces[FAKE_PIECES];
    unsigned piece_count;
    void *copies[FAKE_COPIES];
    unsigned copy_count;
    bool mends_checksums; /* of what looks like an ACPI table: corruption then gets further */
} fake_memory;

static inline unsigned char *fake_page_at(uint64_t number)
{
    for (unsigned i = 0; i < fake_memory.page_count; i++)
        if (fake_memory.pages[i].number == number)
            return fake_memory.pages[i].data;
    return NULL;
}

/* The byte at an address whose page is there. */
static inline unsigned char *fake_byte(uint64_t physical)
{
    return fake_page_at(physical / FAKE_PAGE) + physical % FAKE_PAGE;
}

/* Bytes from an address on that are on its page, at most so many. */
static inline size_t fake_on_page(uint64_t physical, size_t bytes)
{
    size_t left = FAKE_PAGE - physical % FAKE_PAGE;

    return bytes < left ? bytes : left;
}

/* False: there is no room for so many pages. */
static inline bool fake_memory_add(uint64_t physical, const void *data, size_t bytes)
{
    if (fake_memory.piece_count < FAKE_PIECES)
        fake_memory.pieces[fake_memory.piece_count++] = (struct fake_piece){physical, bytes};
    for (size_t at = 0, part; at < bytes; at += part) {
        uint64_t number = (physical + at) / FAKE_PAGE;

        part = fake_on_page(physical + at, bytes - at);
        if (!fake_page_at(number)) {
            if (fake_memory.page_count == FAKE_PAGES)
                return false;
            memset(&fake_memory.pages[fake_memory.page_count], 0, sizeof(struct fake_page));
            fake_memory.pages[fake_memory.page_count++].number = number;
        }
        memcpy(fake_byte(physical + at), (const char *)data + at, part);
    }
    return true;
}

/* Forgets the copies; to be called between calls of what is tested. */
static inline void fake_memory_release(void)
{
    while (fake_memory.copy_count > 0)
        free(fake_memory.copies[--fake_memory.copy_count]);
}

static inline void fake_memory_clear(void)
{
    fake_memory_release();
    fake_memory.page_count = 0;
    fake_memory.piece_count = 0;
}

/* Adds the pieces that data/make.py of PCs writes; the address that the loader has passed. */
static inline uint64_t fake_memory_parse(const unsigned char *data, size_t bytes)
{
    uint64_t argument = 0, piece[2];
    size_t at = sizeof(argument);

    if (bytes < at)
        return 0;
    memcpy(&argument, data, sizeof(argument));
    while (bytes - at >= sizeof(piece)) {
        memcpy(piece, data + at, sizeof(piece));
        at += sizeof(piece);
        if (piece[1] > bytes - at)
            piece[1] = bytes - at;
        if (!fake_memory_add(piece[0], data + at, piece[1]))
            break;
        at += piece[1];
    }
    return argument;
}

/* In place of all that was there before. Ends the test when there is no such file. */
static inline uint64_t fake_memory_load(const char *path)
{
    static unsigned char data[FAKE_PAGES * FAKE_PAGE];
    FILE *file = fopen(path, "rb");
    size_t bytes = file ? fread(data, 1, sizeof(data), file) : 0;

    if (!bytes) {
        printf("Bail out! cannot read %s\n", path);
        exit(1);
    }
    fclose(file);
    fake_memory_clear();
    return fake_memory_parse(data, bytes);
}

/* Makes the sum of these bytes 0 by the one at `at`. */
static inline void fake_mend(unsigned char *data, size_t bytes, size_t at)
{
    unsigned char sum = 0;

    for (size_t i = 0; i < bytes; i++)
        sum = (unsigned char)(sum + data[i]);
    data[at] = (unsigned char)(data[at] - sum);
}

static inline void fake_mend_table(unsigned char *data, size_t bytes)
{
    uint32_t length = 0;

    if (bytes == 20 || (bytes == 36 && memcmp(data, "RSD PTR ", 8) == 0)) {
        fake_mend(data, 20, 8);
        if (bytes == 36)
            fake_mend(data, 36, 32);
    } else if (bytes >= 36) {
        memcpy(&length, data + 4, 4);
        if (length == bytes)
            fake_mend(data, bytes, 9);
    }
}

static inline bool fake_is_there(uint64_t physical, size_t bytes)
{
    uint64_t last = physical + bytes - 1;

    if (bytes == 0 || last < physical)
        return false;
    for (uint64_t page = physical / FAKE_PAGE; page <= last / FAKE_PAGE; page++)
        if (!fake_page_at(page))
            return false;
    return true;
}

const void *core_map_readable(uintptr_t physical, size_t bytes)
{
    unsigned char *copy;

    if (!fake_is_there(physical, bytes) || fake_memory.copy_count == FAKE_COPIES)
        return NULL;
    copy = malloc(bytes);
    for (size_t at = 0, part; at < bytes; at += part) {
        part = fake_on_page(physical + at, bytes - at);
        memcpy(copy + at, fake_byte(physical + at), part);
    }
    if (fake_memory.mends_checksums)
        fake_mend_table(copy, bytes);
    fake_memory.copies[fake_memory.copy_count++] = copy;
    return copy;
}

#endif
