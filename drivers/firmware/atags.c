#include <drivers/atags.h>

/* A tag: its size in words, with the two of its header; its number; its value. */
#define TAG_NONE     0x00000000u
#define TAG_CORE     0x54410001u
#define HEADER_WORDS 2u

const uint32_t *atags_find(const uint32_t *list, size_t max_bytes, uint32_t tag, size_t *bytes)
{
    size_t room = max_bytes / 4;

    *bytes = 0;
    if ((uintptr_t)list % 4 != 0 || room < HEADER_WORDS || list[1] != TAG_CORE)
        return NULL;
    while (room >= HEADER_WORDS && list[1] != TAG_NONE) {
        uint32_t words = list[0];

        if (words < HEADER_WORDS || words > room)
            break;
        if (list[1] == tag) {
            *bytes = (words - HEADER_WORDS) * 4;
            return list + HEADER_WORDS;
        }
        list += words;
        room -= words;
    }
    return NULL;
}
