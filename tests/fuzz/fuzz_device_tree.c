/*
 * libFuzzer's target for the device tree reader: any bytes must give an error or a sane answer.
 * The copy has exactly the input's size, so that AddressSanitizer sees a read beyond it.
 */
#include <stdlib.h>
#include "../host/tree_invariants.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    void *tree = malloc(bytes ? bytes : 1);
    int result;

    memcpy(tree, data, bytes);
    if (!tree_info_is_sane(tree, bytes, &result) || tree_walk(tree, bytes) < 0)
        abort();
    free(tree);
    return 0;
}
