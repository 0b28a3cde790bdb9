/* Caches: constructed objects, alignment, all objects of many slabs, trimming, and misuse. */
#include <kiln/cache.h>
#include "heap_support.h"
#include "test.h"

#define OBJECTS 3000
#define STEPS   60000

struct object {
    uint64_t born;
    unsigned char bytes[52];
};

#define BORN UINT64_C(0x1234567887654321)

static unsigned constructed;

static void construct(void *object)
{
    ((struct object *)object)->born = BORN;
    constructed++;
}

struct line {
    unsigned char bytes[100];
} __attribute__((aligned(64)));

KILN_CACHE(objects, struct object, construct);
KILN_CACHE(lines, struct line, NULL);
KILN_CACHE(bytes, char, NULL);

static struct object *held[OBJECTS];

static size_t allocated(struct kiln_cache *cache)
{
    struct kiln_cache_stats stats;

    kiln_cache_get_stats(cache, &stats);
    return stats.objects;
}

static void take(unsigned i)
{
    held[i] = kiln_cache_allocate(&objects);
    TEST_HOLDS(held[i] && held[i]->born == BORN, "object %u", i);
    memset(held[i]->bytes, (int)(i % 251), sizeof(held[i]->bytes));
}

static void give(unsigned i)
{
    for (unsigned byte = 0; byte < sizeof(held[i]->bytes); byte++)
        TEST_HOLDS(held[i]->bytes[byte] == i % 251, "byte %u of object %u", byte, i);
    kiln_cache_free(&objects, held[i]);
    held[i] = NULL;
}

static void test_random_objects(void)
{
    size_t count = 0;

    for (unsigned step = 0; step < STEPS; step++) {
        unsigned i = (unsigned)test_below(OBJECTS);

        if (held[i]) {
            give(i);
            count--;
        } else {
            take(i);
            count++;
        }
        if (step % 1000 == 0)
            TEST_HOLDS(allocated(&objects) == count, "%zu objects, %zu counted", count,
                       allocated(&objects));
    }
    for (unsigned i = 0; i < OBJECTS; i++)
        if (held[i])
            give(i);
    TEST_HOLDS(allocated(&objects) == 0, "%zu are left", allocated(&objects));
    TEST_HOLDS(constructed >= OBJECTS / 2 && constructed < STEPS / 4, "%u constructed",
               constructed);
    test_property("constructed objects are handed out as they were left");
}

static void test_trim(void)
{
    struct kiln_cache_stats stats;
    size_t before = free_pages();

    kiln_cache_get_stats(&objects, &stats);
    TAP_CHECK(stats.slabs > 0 && stats.slab_bytes >= 4096 && stats.at_hand > 0);
    TAP_EQUAL(stats.object_bytes, sizeof(struct object));
    TAP_CHECK(stats.slabs <= stats.at_hand + 1); /* one without objects is kept */
    kiln_cache_trim(&objects);
    TAP_EQUAL(free_pages() - before, stats.slabs * stats.slab_bytes / 4096);
    kiln_cache_get_stats(&objects, &stats);
    TAP_CHECK(stats.slabs == 0 && stats.at_hand == 0);
    take(0);
    give(0);
}

static void test_types(void)
{
    void *line[40], *byte[5000];

    for (unsigned i = 0; i < 40; i++) {
        line[i] = kiln_cache_allocate(&lines);
        TEST_HOLDS(line[i] && (uintptr_t)line[i] % 64 == 0, "%p", line[i]);
        memset(line[i], 0xFF, sizeof(struct line));
    }
    for (unsigned i = 0; i < 5000; i++) {
        byte[i] = kiln_cache_allocate(&bytes);
        TEST_HOLDS(byte[i] != NULL, "byte %u", i);
        memset(byte[i], (int)i, 1);
    }
    for (unsigned i = 0; i < 5000; i++) {
        TEST_HOLDS(*(unsigned char *)byte[i] == i % 256, "byte %u", i);
        kiln_cache_free(&bytes, byte[i]);
    }
    for (unsigned i = 0; i < 40; i++)
        kiln_cache_free(&lines, line[i]);
    kiln_cache_free(&lines, NULL);
    test_property("objects of 128 bytes, aligned to 64, and of 1");
}

static void test_limits(void)
{
    struct kiln_cache cache;
    void *object;

    kiln_cache_init(&cache, "large", (size_t)512 << 10, 4096, NULL);
    object = kiln_cache_allocate(&cache);
    TAP_CHECK(object && (uintptr_t)object % 4096 == 0);
    memset(object, 0xFF, (size_t)512 << 10);
    kiln_cache_free(&cache, object);
    kiln_cache_trim(&cache);
    PANICS(kiln_cache_init(&cache, "larger", ((size_t)512 << 10) + 1, 1, NULL), "object_bytes");
    PANICS(kiln_cache_init(&cache, "odd", 16, 24, NULL), "alignment");
    host_cpu.in_interrupt = true;
    PANICS(kiln_cache_allocate(&lines), "arch_in_interrupt");
    PANICS(kiln_cache_free(&lines, NULL), "arch_in_interrupt");
    host_cpu.in_interrupt = false;
}

#if KILN_CONFIG_HEAP_HARDENED
static void test_misuse(void)
{
    struct object *object = kiln_cache_allocate(&objects);
    struct line *line = kiln_cache_allocate(&lines);
    uint64_t on_stack[4] = {0};

    PANICS(kiln_cache_free(&objects, on_stack), "is not an allocated block");
    PANICS(kiln_cache_free(&objects, line), "is not an allocated block");
    PANICS(kiln_cache_free(&objects, (char *)object + 8), "is not an allocated block");
    kiln_cache_free(&objects, object);
    PANICS(kiln_cache_free(&objects, object), "objects: block ");
    PANICS(kiln_cache_free(&objects, object), "is free already (freed twice?)");
    memset(object + 1, 0, 8);
    PANICS(kiln_cache_allocate(&objects), "was written to");
    memset(line, 0xFF, sizeof(*line) + 8);
    PANICS(kiln_cache_free(&lines, line), "was written beyond its end");
}
#endif

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    give_memory();
    test_random_objects();
    test_trim();
    test_types();
    test_limits();
#if KILN_CONFIG_HEAP_HARDENED
    test_misuse();
#endif
    return tap_done();
}
