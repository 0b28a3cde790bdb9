#include <drivers/atags.h>

/* A tag: its size in words, with the two of its header; its number; its value. */
#define TAG_NONE         0x00000000u
#define TAG_CORE         0x54410001u
#define TAG_MEMORY       0x54410002u
#define TAG_COMMAND_LINE 0x54410009u
#define HEADER_WORDS     2u

static void read_tag(const uint32_t *tag, uint32_t words, struct atags *result)
{
    if (tag[1] == TAG_MEMORY && words >= HEADER_WORDS + 2 && !result->memory_bytes) {
        result->memory_bytes = tag[2];
        result->memory_base = tag[3];
    } else if (tag[1] == TAG_COMMAND_LINE) {
        result->arguments = (const char *)&tag[2];
        result->arguments_bytes = (words - HEADER_WORDS) * 4;
    }
}

bool atags_read(const void *list, size_t max_bytes, struct atags *result)
{
    const uint32_t *tag = list;
    size_t room = max_bytes / 4;

    *result = (struct atags){0};
    if ((uintptr_t)list % 4 != 0 || room < HEADER_WORDS || tag[1] != TAG_CORE)
        return false;
    while (room >= HEADER_WORDS && tag[1] != TAG_NONE) {
        uint32_t words = tag[0];

        if (words < HEADER_WORDS || words > room)
            break;
        read_tag(tag, words, result);
        tag += words;
        room -= words;
    }
    return true;
}
