/*
 * Operations on the page allocator, four bytes each, the last of which also chooses the machine.
 * After each step everything is checked; the reports of tests/host/page_model.h say what is wrong.
 */
#include "../host/page_sequence.h"

#define STEPS_MOST 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct step steps[STEPS_MOST];
    size_t count = size / sizeof(steps[0]);

    if (size == 0)
        return 0;
    if (count > STEPS_MOST)
        count = STEPS_MOST;
    memcpy(steps, data + size % sizeof(steps[0]), count * sizeof(steps[0]));
    if (!sequence_run(data[size - 1], steps, count)) {
        fflush(stdout);
        abort();
    }
    return 0;
}
