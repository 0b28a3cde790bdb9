/* The names by which newlib calls the malloc family, which may be the program's own. */
#include <malloc.h>
#include <stdlib.h>
#include "library.h"

void *_malloc_r(struct _reent *reent, size_t bytes)
{
    (void)reent;
    return malloc(bytes);
}

void *_calloc_r(struct _reent *reent, size_t count, size_t each)
{
    (void)reent;
    return calloc(count, each);
}

void *_realloc_r(struct _reent *reent, void *block, size_t bytes)
{
    (void)reent;
    return realloc(block, bytes);
}

void _free_r(struct _reent *reent, void *block)
{
    (void)reent;
    free(block);
}
