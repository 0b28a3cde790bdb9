/*
 * libFuzzer's target for region heaps: any sequence of operations keeps every block's contents, and
 * the region consistent after each. The first bytes choose the size of the region.
 */
#include <kiln/region.h>
#include "../host/block_model.h"
#include "../host/panic_support.h"

static _Alignas(4096) unsigned char memory[1 << 20];
static struct kiln_region region;

static void *allocate(size_t alignment, size_t bytes)
{
    return kiln_region_allocate_aligned(&region, alignment, bytes);
}

static void *resize(void *block, size_t bytes)
{
    return kiln_region_resize(&region, block, bytes);
}

static void release(void *block)
{
    kiln_region_free(&region, block);
}

static size_t usable(const void *block)
{
    return kiln_region_usable_bytes(&region, block);
}

static bool is_consistent(unsigned blocks)
{
    struct kiln_region_stats stats;

    kiln_region_get_stats(&region, &stats);
    return stats.blocks == blocks;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static const struct block_allocator allocator = {allocate, resize, release, usable,
                                                     is_consistent};
    size_t size;

    if (bytes < 2)
        return 0;
    size = ((size_t)data[0] | (size_t)data[1] << 8) << data[1] % 5;
    kiln_region_init(&region, memory + data[0] % 32, size);
    if (!model_run(&allocator, data + 2, bytes - 2, 1))
        abort();
    return 0;
}
