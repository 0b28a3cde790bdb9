/*
 * libFuzzer's target for the heap: any sequence of operations keeps every block's contents, counts
 * them right after each, and leaves nothing behind.
 */
#include <kiln/heap.h>
#include "../host/block_model.h"
#include "../host/heap_support.h"

static bool is_consistent(unsigned blocks)
{
    struct kiln_heap_stats stats;

    kiln_heap_get_stats(&stats);
    return stats.blocks == blocks && (blocks || stats.used_bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static const struct block_allocator allocator = {kiln_heap_allocate_aligned, kiln_heap_resize,
                                                     kiln_heap_free, kiln_heap_usable_bytes,
                                                     is_consistent};
    static bool has_memory;

    if (!has_memory) {
        give_memory();
        has_memory = true;
    }
    if (!model_run(&allocator, data, bytes, 1))
        abort();
    return 0;
}
