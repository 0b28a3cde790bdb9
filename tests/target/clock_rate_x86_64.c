/*
 * The clock of a PC against the seconds of its real-time clock: by whatever its rate has been
 * measured, it is right after some seconds, and never goes back on the way. The share that it may
 * be wrong by, one in so many, comes from the command line.
 */
#include "tap.h"

#include <kiln.h>
#include <stdlib.h>

#define SECONDS 3

static uint8_t port_get(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* Register 0 of the MC146818. */
static uint8_t real_second(void)
{
    __asm__ volatile("outb %0, %1" : : "a"((uint8_t)0), "Nd"((uint16_t)0x70));
    return port_get(0x71);
}

static bool went_back;

/* When the next second begins. */
static int64_t next_second(void)
{
    uint8_t second = real_second();
    int64_t last = 0;

    while (real_second() == second) {
        int64_t now = kiln_time_now();

        went_back |= now < last;
        last = now;
        kiln_sleep_for(KILN_MICROSECONDS(200));
    }
    return kiln_time_now();
}

int main(int argc, char **argv)
{
    int64_t share = argc == 2 ? atoll(argv[1]) : 0;
    int64_t from, wrong;

    if (share < 1)
        return 2;
    next_second();
    from = next_second();
    for (unsigned n = 0; n < SECONDS; n++)
        wrong = next_second() - from - KILN_SECONDS(n + 1);
    printf("# wrong by %lld ns in %d s\n", (long long)wrong, SECONDS);
    TAP_CHECK(llabs(wrong) <= KILN_SECONDS(SECONDS) / share);
    TAP_CHECK(!went_back);
    return tap_done();
}
