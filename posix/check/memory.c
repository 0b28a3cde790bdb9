/*
 * The memory functions of a build with CHECK_MEMORY, for the program and the C library: all of what
 * they are to access is looked at first. The runtime's own have these names with kiln_ in front.
 */
#include <string.h>
#include "checked.h"

void *kiln_memcpy(void *to, const void *from, size_t bytes);
void *kiln_memmove(void *to, const void *from, size_t bytes);
void *kiln_memset(void *to, int value, size_t bytes);
int kiln_memcmp(const void *a, const void *b, size_t bytes);
size_t kiln_strlen(const char *text);

CHECKED void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    __asan_loadN_noabort(from, bytes);
    __asan_storeN_noabort(to, bytes);
    return kiln_memcpy(to, from, bytes);
}

CHECKED void *memmove(void *to, const void *from, size_t bytes)
{
    __asan_loadN_noabort(from, bytes);
    __asan_storeN_noabort(to, bytes);
    return kiln_memmove(to, from, bytes);
}

CHECKED void *memset(void *to, int value, size_t bytes)
{
    __asan_storeN_noabort(to, bytes);
    return kiln_memset(to, value, bytes);
}

CHECKED int memcmp(const void *a, const void *b, size_t bytes)
{
    __asan_loadN_noabort(a, bytes);
    __asan_loadN_noabort(b, bytes);
    return kiln_memcmp(a, b, bytes);
}

/* What it reads is what there is. */
CHECKED size_t strlen(const char *text)
{
    size_t length = kiln_strlen(text);

    __asan_loadN_noabort(text, length + 1);
    return length;
}
