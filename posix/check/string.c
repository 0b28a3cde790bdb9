/* The string functions of a build with CHECK_MEMORY, byte by byte, each of which is checked. */
#include <stdlib.h>
#include <string.h>
#include "checked.h"

CHECKED size_t strnlen(const char *text, size_t most)
{
    size_t length = 0;

    while (length < most && text[length])
        length++;
    return length;
}

CHECKED char *stpcpy(char *restrict to, const char *restrict from)
{
    while ((*to = *from++))
        to++;
    return to;
}

CHECKED char *strcpy(char *restrict to, const char *restrict from)
{
    stpcpy(to, from);
    return to;
}

CHECKED char *strncpy(char *restrict to, const char *restrict from, size_t bytes)
{
    size_t length = strnlen(from, bytes);

    memcpy(to, from, length);
    memset(to + length, 0, bytes - length);
    return to;
}

CHECKED char *strcat(char *restrict to, const char *restrict from)
{
    stpcpy(to + strlen(to), from);
    return to;
}

CHECKED char *strncat(char *restrict to, const char *restrict from, size_t most)
{
    char *end = to + strlen(to);
    size_t length = strnlen(from, most);

    memcpy(end, from, length);
    end[length] = 0;
    return to;
}

CHECKED int strncmp(const char *a, const char *b, size_t most)
{
    for (; most > 0; most--, a++, b++)
        if (*a != *b || *a == 0)
            return (unsigned char)*a - (unsigned char)*b;
    return 0;
}

CHECKED int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, (size_t)-1);
}

CHECKED void *memchr(const void *start, int wanted, size_t bytes)
{
    for (const unsigned char *at = start; bytes > 0; bytes--, at++)
        if (*at == (unsigned char)wanted)
            return (void *)at;
    return NULL;
}

CHECKED char *strchr(const char *text, int wanted)
{
    while (*text != (char)wanted)
        if (*text++ == 0)
            return NULL;
    return (char *)text;
}

CHECKED char *strrchr(const char *text, int wanted)
{
    const char *found = NULL;

    do {
        if (*text == (char)wanted)
            found = text;
    } while (*text++);
    return (char *)found;
}

CHECKED char *strndup(const char *text, size_t most)
{
    size_t length = strnlen(text, most);
    char *copy = malloc(length + 1);

    if (!copy)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = 0;
    return copy;
}

CHECKED char *strdup(const char *text)
{
    return strndup(text, strlen(text));
}
