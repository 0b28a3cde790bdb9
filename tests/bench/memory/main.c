/*
 * Prints the instructions of allocations: with QEMU's -icount, one takes one nanosecond. The loop's
 * own are in, of which a random choice's are taken off.
 */
#include <inttypes.h>
#include <kiln.h>
#include <stdio.h>
#include <stdlib.h>

#define RUNS  10000
#define MOST  1000000
#define SMALL 16
#define LIVE  64

struct block {
    unsigned char bytes[128];
};
KILN_POOL(pool, struct block, 4);

static void *blocks[MOST];
static uint64_t random_state;

static uint32_t choose(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 32) * below >> 32);
}

static uint64_t now(void)
{
    return kiln_time_counter();
}

static void print(const char *what, uint64_t from, uint64_t to, unsigned runs)
{
    uint64_t ns = (to - from) * 1000000000u / kiln_time_counter_hz();

    printf("%s %" PRIu64 "\n", what, (ns + runs / 2) / runs);
}

static void __attribute__((noinline)) fixed(unsigned runs)
{
    for (; runs > 0; runs--)
        kiln_pool_free(&pool, kiln_pool_allocate(&pool));
}

/* The compiler would leave out both calls of a block that nobody uses. */
static void __attribute__((noinline)) malloc_128(unsigned runs)
{
    for (; runs > 0; runs--) {
        void *block = malloc(128);

        __asm__ volatile("" : "+r"(block));
        free(block);
    }
}

/* Each run frees one of the live blocks and allocates another of some size in its place. Sizes and
 * places are chosen before, so that only a few loads are counted with it. */
static uint16_t sizes[RUNS], places[RUNS];

static void __attribute__((noinline)) mixed(unsigned runs)
{
    for (unsigned i = 0; i < runs; i++) {
        void **place = &blocks[places[i]];

        free(*place);
        *place = malloc(sizes[i]);
    }
}

static void measure_mixed(void)
{
    uint64_t from;

    for (unsigned i = 0; i < RUNS; i++) {
        sizes[i] = (uint16_t)(16 + choose(1528 - 16 + 1));
        places[i] = (uint16_t)choose(LIVE);
    }
    mixed(RUNS);
    from = now();
    mixed(RUNS);
    print("mixed-instructions", from, now(), RUNS);
    for (unsigned i = 0; i < LIVE; i++) {
        free(blocks[i]);
        blocks[i] = NULL;
    }
}

/* The same among so many live blocks of 16 to 271 bytes. */
static void measure_live(unsigned count)
{
    char what[40];
    uint64_t from;
    unsigned i;

    for (i = 0; i < count; i++)
        if (!(blocks[i] = malloc(16 + choose(256))))
            break;
    if (i == count) {
        from = now();
        for (unsigned run = 0; run < RUNS; run++) {
            void **place = &blocks[choose(count)];

            free(*place);
            *place = malloc(16 + choose(256));
        }
        snprintf(what, sizeof(what), "live-%u-instructions", count);
        print(what, from, now(), RUNS);
    }
    while (i > 0)
        free(blocks[--i]);
}

/* Memory that is taken for blocks of 16 bytes to 4 KiB, per thousand of what is asked for. */
static void measure_overhead(void)
{
    struct kiln_heap_stats before, after;
    size_t asked = 0;

    kiln_heap_get_stats(&before);
    for (unsigned i = 0; i < RUNS; i++) {
        size_t bytes = 16 + choose(4096 - 16 + 1);

        blocks[i] = malloc(bytes);
        asked += bytes;
    }
    kiln_heap_get_stats(&after);
    printf("overhead-permille %zu\n", (before.free_bytes - after.free_bytes) * 1000 / asked);
    for (unsigned i = 0; i < RUNS; i++)
        free(blocks[i]);
}

int main(void)
{
    uint64_t from;

    fixed(4);
    from = now();
    fixed(RUNS);
    print("fixed-instructions", from, now(), RUNS);
    malloc_128(4);
    from = now();
    malloc_128(RUNS);
    print("malloc-instructions", from, now(), RUNS);
    measure_mixed();
    measure_overhead();
    for (unsigned count = 100; count <= MOST; count *= 10)
        measure_live(count);
    return 0;
}
