/* The names by which newlib calls the malloc family, which may be the program's own. */
#include <malloc.h>
#include <stdlib.h>
#include "memory.h"
#include "posix_library.h"

const struct stream_memory *kiln_posix_stream_memory;

void kiln_posix_use_memory(void)
{
    static const struct stream_memory memory = {calloc, free};

    kiln_posix_stream_memory = &memory;
}

void *_malloc_r(struct _reent *reent, size_t bytes)
{
    (void)reent;
    kiln_posix_use_memory();
    return malloc(bytes);
}

void *_calloc_r(struct _reent *reent, size_t count, size_t each)
{
    (void)reent;
    kiln_posix_use_memory();
    return calloc(count, each);
}

void *_realloc_r(struct _reent *reent, void *block, size_t bytes)
{
    (void)reent;
    kiln_posix_use_memory();
    return realloc(block, bytes);
}

void _free_r(struct _reent *reent, void *block)
{
    (void)reent;
    if (kiln_posix_stream_memory)
        kiln_posix_stream_memory->release(block);
}

/* All streams but the standard ones come from here. */
FILE *__real___sfp(struct _reent *reent);
FILE *__wrap___sfp(struct _reent *reent);

FILE *__wrap___sfp(struct _reent *reent)
{
    kiln_posix_use_memory();
    return __real___sfp(reent);
}

/* What setvbuf() asks before it calls malloc(): the size, when it is told none. */
int __swhatbuf_r(struct _reent *reent, FILE *file, size_t *bytes, int *may_be_terminal)
{
    (void)reent;
    (void)file;
    kiln_posix_use_memory();
    *bytes = BUFSIZ;
    *may_be_terminal = 0;
    return 0;
}
