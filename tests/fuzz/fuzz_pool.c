/*
 * libFuzzer's target for pools: any sequence of allocations and frees hands out each object once,
 * keeps contents, and counts what is left right after each.
 */
#include <kiln/pool.h>
#include "../host/panic_support.h"

#define OBJECTS 20

struct object {
    uint64_t words[3];
};
KILN_POOL(pool, struct object, OBJECTS);

static struct object *held[OBJECTS];
static unsigned count;

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static void take(uint8_t value)
{
    struct object *object = kiln_pool_allocate(&pool);

    expect((object != NULL) == (count < OBJECTS));
    if (!object)
        return;
    for (unsigned i = 0; i < count; i++)
        expect(held[i] != object);
    memset(object, value, sizeof(*object));
    held[count++] = object;
}

static void give(unsigned place)
{
    struct object *object = held[place];

    expect(memcmp(object, (char *)object + 1, sizeof(*object) - 1) == 0);
    held[place] = held[--count];
    kiln_pool_free(&pool, object);
    memset(object->words + 1, 0xEE, sizeof(object->words) - 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (count && data[i] & 0x80)
            give(data[i] % count);
        else
            take(data[i]);
        expect(kiln_pool_available(&pool) == OBJECTS - count);
    }
    while (count)
        give(0);
    expect(kiln_pool_available(&pool) == OBJECTS);
    return 0;
}
