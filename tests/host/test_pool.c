/*
 * Pools against a model: no object is handed out twice, all are, and every way to misuse a pool
 * panics. Built with free lists hardened and not.
 */
#include <kiln/pool.h>
#include "panic_support.h"
#include "test.h"

#define OBJECTS 100
#define STEPS   100000

struct object {
    uint64_t words[16];
};
struct line {
    unsigned char bytes[3];
} __attribute__((aligned(64)));

KILN_POOL(pool, struct object, OBJECTS);
KILN_POOL(lines, struct line, 5);
KILN_POOL(bytes, char, 3);

static struct object *held[OBJECTS];
static uint64_t fill[OBJECTS];

static bool is_slot(const void *object)
{
    for (unsigned i = 0; i < OBJECTS; i++)
        if (object == (const void *)&pool_slots[i].body)
            return true;
    return false;
}

static void take(unsigned i)
{
    held[i] = kiln_pool_allocate(&pool);
    TEST_HOLDS(held[i] && is_slot(held[i]), "%p", (void *)held[i]);
    fill[i] = test_random();
    for (unsigned word = 0; word < 16; word++)
        held[i]->words[word] = fill[i];
}

static void give(unsigned i)
{
    for (unsigned word = 0; word < 16; word++)
        TEST_HOLDS(held[i]->words[word] == fill[i], "word %u of object %u", word, i);
    kiln_pool_free(&pool, held[i]);
    held[i] = NULL;
}

static void test_model(void)
{
    unsigned count = 0;

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
            TEST_HOLDS(kiln_pool_available(&pool) == OBJECTS - count, "%u held", count);
    }
    for (unsigned i = 0; i < OBJECTS; i++)
        if (held[i])
            give(i);
    TEST_HOLDS(kiln_pool_available(&pool) == OBJECTS, "all are free");
    test_property("random steps");
}

static void test_exhaustion(void)
{
    for (unsigned i = 0; i < OBJECTS; i++)
        take(i);
    TAP_CHECK(kiln_pool_allocate(&pool) == NULL);
    TAP_EQUAL(kiln_pool_available(&pool), 0);
    for (unsigned i = 0; i < OBJECTS; i++)
        give(i);
    TAP_EQUAL(kiln_pool_available(&pool), OBJECTS);
    test_property("all objects, each once");
}

static void test_types(void)
{
    void *line, *byte;

    for (unsigned i = 0; i < 5; i++) {
        line = kiln_pool_allocate(&lines);
        TEST_HOLDS(line && (uintptr_t)line % 64 == 0, "%p", line);
        memset(line, 0xFF, sizeof(struct line));
    }
    kiln_pool_free(&lines, line);
    TAP_CHECK(kiln_pool_allocate(&lines) == line && kiln_pool_allocate(&lines) == NULL);
    for (unsigned i = 0; i < 3; i++) {
        byte = kiln_pool_allocate(&bytes);
        TEST_HOLDS(byte != NULL, "byte %u", i);
        memset(byte, 0xFF, 1);
    }
    kiln_pool_free(&bytes, byte);
    TAP_CHECK(kiln_pool_allocate(&bytes) == byte && kiln_pool_allocate(&bytes) == NULL);
    test_property("objects of 64 bytes and of 1");
}

static void test_in_interrupt(void)
{
    void *object;

    host_cpu.in_interrupt = true;
    object = kiln_pool_allocate(&pool);
    TAP_CHECK(object != NULL);
    kiln_pool_free(&pool, object);
    host_cpu.in_interrupt = false;
}

#if KILN_CONFIG_HEAP_HARDENED
static void test_misuse(void)
{
    uint64_t on_stack[4] = {0};
    struct object *object = kiln_pool_allocate(&pool);
    struct object *other = kiln_pool_allocate(&pool);
    uintptr_t *word = (uintptr_t *)object - 1, kept;

    PANICS(kiln_pool_free(&pool, &on_stack[2]), "is not an allocated object");
    PANICS(kiln_pool_free(&pool, &object->words[1]), "is not an allocated object");
    PANICS(kiln_pool_free(&lines, object), "is not an allocated object");
    kept = *word;
    *word = 0;
    PANICS(kiln_pool_free(&pool, object), "overwritten from below");
    *word = kept;
    kiln_pool_free(&pool, other);
    kiln_pool_free(&pool, object);
    PANICS(kiln_pool_free(&pool, object), "free already (freed twice?)");
    PANICS(kiln_pool_free(&pool, other), "free already (freed twice?)");
    memset(object, 0x41, sizeof(*object));
    TAP_EQUAL(kiln_pool_available(&pool), OBJECTS);
    *word = (uintptr_t)on_stack;
    PANICS(kiln_pool_allocate(&pool), "was overwritten from below");
}
#endif

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    TAP_EQUAL(kiln_pool_available(&pool), OBJECTS);
    test_exhaustion();
    test_model();
    test_types();
    test_in_interrupt();
#if KILN_CONFIG_HEAP_HARDENED
    test_misuse();
#endif
    return tap_done();
}
