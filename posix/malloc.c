/*
 * The malloc family over Kiln's heap, whole and in one object: a program that brings its own
 * replaces all of it, and the C library's never mixes with it.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <kiln/heap.h>

#define PAGE_BYTES ((size_t)4096)

/* The heap calls it whenever it has no memory. */
void kiln_heap_failed(void)
{
    errno = ENOMEM;
}

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t bytes)
{
    return kiln_heap_allocate(bytes);
}

void free(void *block)
{
    kiln_heap_free(block);
}

void cfree(void *block)
{
    kiln_heap_free(block);
}

void *calloc(size_t count, size_t each)
{
    size_t bytes;
    void *block;

    if (__builtin_mul_overflow(count, each, &bytes))
        return no_memory();
    block = kiln_heap_allocate(bytes);
    if (block)
        memset(block, 0, bytes);
    return block;
}

void *realloc(void *block, size_t bytes)
{
    return kiln_heap_resize(block, bytes);
}

void *reallocarray(void *block, size_t count, size_t each)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, each, &bytes))
        return no_memory();
    return realloc(block, bytes);
}

void *memalign(size_t alignment, size_t bytes)
{
    if (alignment == 0 || (alignment & (alignment - 1))) {
        errno = EINVAL;
        return NULL;
    }
    return kiln_heap_allocate_aligned(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return memalign(alignment, bytes);
}

int posix_memalign(void **block, size_t alignment, size_t bytes)
{
    int kept = errno;
    void *found;

    if (alignment < sizeof(void *) || (alignment & (alignment - 1)))
        return EINVAL;
    found = kiln_heap_allocate_aligned(alignment, bytes);
    errno = kept;
    if (!found)
        return ENOMEM;
    *block = found;
    return 0;
}

void *valloc(size_t bytes)
{
    return memalign(PAGE_BYTES, bytes);
}

void *pvalloc(size_t bytes)
{
    if (__builtin_add_overflow(bytes, PAGE_BYTES - 1, &bytes))
        return no_memory();
    return valloc(bytes & ~(PAGE_BYTES - 1));
}

size_t malloc_usable_size(void *block)
{
    return block ? kiln_heap_usable_bytes(block) : 0;
}

struct mallinfo mallinfo(void)
{
    struct kiln_heap_stats stats;

    kiln_heap_get_stats(&stats);
    return (struct mallinfo){
        .arena = stats.total_bytes,
        .uordblks = stats.used_bytes,
        .fordblks = stats.total_bytes - stats.used_bytes,
        .keepcost = stats.largest_free_bytes,
    };
}

void malloc_stats(void)
{
    struct mallinfo info = mallinfo();

    fprintf(stderr, "max system bytes = %10zu\n", info.arena);
    fprintf(stderr, "system bytes     = %10zu\n", info.arena);
    fprintf(stderr, "in use bytes     = %10zu\n", info.uordblks);
}

/* Nothing can be set: 0 says so. */
int mallopt(int option, int value)
{
    (void)option;
    (void)value;
    return 0;
}

/* Memory has nobody to be given back to: 0 says that none was. */
int malloc_trim(size_t keep)
{
    (void)keep;
    return 0;
}
