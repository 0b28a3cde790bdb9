/* Prints the instructions from reset to main: with QEMU's -icount, one takes one nanosecond. */
#include <inttypes.h>
#include <kiln/time.h>
#include <stdio.h>

int main(void)
{
    uint64_t counter = kiln_time_counter();
    uint64_t hz = kiln_time_counter_hz();
    printf("boot-instructions %" PRIu64 "\n", counter * 1000000000u / hz);
    return 0;
}
