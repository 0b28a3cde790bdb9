/* A program that brings a malloc family of its own: the C library uses it too. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tap.h"

static _Alignas(16) char arena[10000];
static size_t used;
static int live;

void *malloc(size_t bytes)
{
    char *block = arena + used + 16;

    bytes = (bytes + 31) & ~(size_t)15;
    if (bytes > sizeof(arena) - 16 - used)
        return NULL;
    used += bytes;
    live++;
    return block;
}

void free(void *block)
{
    live -= block != NULL;
}

void *calloc(size_t count, size_t each)
{
    return memset(malloc(count * each), 0, count * each);
}

void *realloc(void *block, size_t bytes)
{
    void *moved = malloc(bytes);

    if (block)
        memcpy(moved, block, bytes);
    free(block);
    return moved;
}

int main(void)
{
    char *copy = strdup("copied");
    char *printed = NULL;

    tap_check(copy > arena && copy < arena + sizeof(arena), "strdup uses the program's malloc");
    TAP_EQUAL(asprintf(&printed, "%s twice", copy), 12);
    tap_check(printed > arena && strcmp(printed, "copied twice") == 0, "asprintf does too");
    free(copy);
    free(printed);
    TAP_EQUAL(live, 0);
    return tap_done();
}
