/* The malloc family as ISO C and POSIX describe it. The heap below it is tested on the host. */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "tap.h"

/* The compiler knows what these return; it must not know that it knows. */
static volatile size_t huge = SIZE_MAX - 4096;

static bool is_filled(const char *block, int value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (block[i] != (char)value)
            return false;
    return true;
}

static void test_errors(void)
{
    void *block = &block;

    errno = 0;
    tap_check(malloc(huge) == NULL && errno == ENOMEM, "malloc of too much is ENOMEM");
    errno = 0;
    tap_check(calloc(huge, 2) == NULL && errno == ENOMEM, "calloc that overflows is ENOMEM");
    errno = 0;
    tap_check(calloc(huge / 8, 9) == NULL && errno == ENOMEM, "calloc that wraps is ENOMEM");
    errno = 0;
    tap_check(reallocarray(NULL, huge, 2) == NULL && errno == ENOMEM, "reallocarray overflows");
    errno = 0;
    tap_check(memalign(24, 1) == NULL && errno == EINVAL, "memalign to 24 is EINVAL");
    errno = 0;
    TAP_EQUAL(posix_memalign(&block, 24, 1), EINVAL);
    TAP_EQUAL(posix_memalign(&block, 4, 1), EINVAL);
    TAP_EQUAL(posix_memalign(&block, 64, huge), ENOMEM);
    tap_check(errno == 0 && block == &block, "posix_memalign leaves errno and the pointer alone");
    errno = 0;
    tap_check(pvalloc(SIZE_MAX) == NULL && errno == ENOMEM, "pvalloc that overflows is ENOMEM");
}

static void test_blocks(void)
{
    char *block = malloc(1000);
    char *zero, *grown;

    tap_check((uintptr_t)block % 16 == 0, "malloc aligns to 16");
    TAP_NEED(block != NULL);
    memset(block, 0x55, 1000);
    free(block);
    zero = calloc(10, 100);
    TAP_NEED(zero != NULL);
    tap_check(is_filled(zero, 0, 1000), "calloc clears what was used before");
    memset(zero, 0x66, 1000);
    grown = realloc(zero, 100000);
    TAP_NEED(grown != NULL);
    tap_check(is_filled(grown, 0x66, 1000), "realloc keeps contents");
    grown = realloc(grown, 500);
    TAP_NEED(grown != NULL);
    tap_check(is_filled(grown, 0x66, 500), "realloc keeps contents when it shrinks");
    errno = 0;
    tap_check(realloc(grown, huge) == NULL && errno == ENOMEM, "realloc of too much is ENOMEM");
    tap_check(is_filled(grown, 0x66, 500), "and leaves the block alone");
    free(grown);
    free(NULL);
    block = realloc(NULL, 10);
    tap_check(block && malloc_usable_size(block) >= 10, "realloc(NULL) allocates");
    cfree(block);
    block = malloc(0);
    zero = malloc(0);
    tap_check(block && zero && block != zero, "malloc(0) gives blocks of their own");
    free(block);
    free(zero);
}

static void test_alignment(void)
{
    void *blocks[14];
    unsigned wrong = 0;
    void *page = valloc(1), *pages = pvalloc(5000), *other = NULL;

    for (unsigned i = 0; i < 14; i++) {
        blocks[i] = aligned_alloc((size_t)1 << i, 100 + i);
        wrong += !blocks[i] || (uintptr_t)blocks[i] % ((size_t)1 << i);
    }
    for (unsigned i = 0; i < 14; i++)
        free(blocks[i]);
    tap_check(wrong == 0, "aligned_alloc aligns to 1 to 8192");
    tap_check(page && (uintptr_t)page % 4096 == 0, "valloc aligns to a page");
    tap_check(pages && malloc_usable_size(pages) >= 8192, "pvalloc rounds up to pages");
    TAP_EQUAL(posix_memalign(&other, 256, 3), 0);
    tap_check((uintptr_t)other % 256 == 0, "posix_memalign aligns");
    free(page);
    free(pages);
    free(other);
}

/* All there is can be had, and had again. */
static void test_exhaustion(void)
{
    struct mallinfo before = mallinfo(), after;
    struct chunk {
        struct chunk *next;
    } *chunks = NULL, *chunk;
    size_t count = 0;

    while ((chunk = malloc(1 << 20)) != NULL) {
        chunk->next = chunks;
        chunks = chunk;
        count++;
    }
    tap_check(count > 50 && errno == ENOMEM, "memory ends with ENOMEM");
    while (chunks) {
        chunk = chunks->next;
        free(chunks);
        chunks = chunk;
    }
    after = mallinfo();
    TAP_BALANCES(after.uordblks, before.uordblks);
    TAP_EQUAL(after.keepcost, before.keepcost);
}

int main(void)
{
    test_errors();
    test_blocks();
    test_alignment();
    test_exhaustion();
    return tap_done();
}
