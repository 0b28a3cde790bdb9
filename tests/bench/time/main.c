/*
 * Prints the instructions of timers: with QEMU's -icount, one takes one nanosecond. The loop's own
 * are in.
 */
#include <inttypes.h>
#include <kiln.h>
#include <stdio.h>

#define RUNS   10000
#define MOST   100000
#define SPREAD KILN_MILLISECONDS(200)

static struct kiln_timer timers[MOST], timer;
static volatile unsigned calls;

static KILN_INTERRUPT_HANDLER void count(void *unused)
{
    (void)unused;
    calls++;
}

static void print(const char *what, unsigned number, uint64_t units, unsigned runs)
{
    uint64_t ns = units * 1000000000u / kiln_time_counter_hz();

    printf("%s-%u-instructions %" PRIu64 "\n", what, number, (ns + runs / 2) / runs);
}

static uint64_t random_state = 1;

static int64_t choose(int64_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((random_state >> 33) * (uint64_t)below >> 31);
}

/* Spread over a while, from a later time on. */
static void start_timers(unsigned number, int64_t from)
{
    for (unsigned n = 0; n < number; n++) {
        kiln_timer_init(&timers[n], count, NULL);
        kiln_timer_start_until(&timers[n], from + choose(SPREAD));
    }
}

static void __attribute__((noinline)) start_and_stop(unsigned runs, int64_t deadline)
{
    for (; runs > 0; runs--) {
        kiln_timer_start_until(&timer, deadline);
        kiln_timer_stop(&timer);
    }
}

/* Deadlines all over the while. */
static void measure_start(unsigned number)
{
    int64_t from = kiln_time_after(KILN_SECONDS(100));
    uint64_t sum = 0;

    start_timers(number, from);
    for (unsigned n = 0; n < 100; n++) {
        int64_t deadline = from + choose(SPREAD);

        start_and_stop(1, deadline);
        uint64_t before = kiln_time_counter();

        start_and_stop(RUNS / 100, deadline);
        sum += kiln_time_counter() - before;
    }
    print("start", number, sum, RUNS);
    for (unsigned n = 0; n < number; n++)
        kiln_timer_stop(&timers[n]);
}

/* What interrupts a loop that only reads the counter, and is seen as a step of that. */
static uint64_t __attribute__((noinline)) interrupted_until(uint64_t end, uint64_t usual)
{
    uint64_t last = kiln_time_counter(), sum = 0;

    while (last < end) {
        uint64_t now = kiln_time_counter();

        if (now - last > 4 * usual)
            sum += now - last - usual;
        last = now;
    }
    return sum;
}

static void measure_expiry(unsigned number)
{
    int64_t from = kiln_time_after(KILN_MILLISECONDS(50));
    uint64_t spread = kiln_time_counter_hz() / (KILN_SECONDS(1) / SPREAD), before;

    calls = 0;
    start_timers(number, from);
    while (kiln_time_now() < from - 10000)
        ;
    before = kiln_time_counter();
    for (unsigned n = 0; n < 64; n++)
        kiln_time_counter();
    uint64_t usual = (kiln_time_counter() - before) / 64 + 1;

    print("expiry", number, interrupted_until(before + spread + spread / 200, usual), calls);
}

int main(void)
{
    kiln_timer_init(&timer, count, NULL);
    measure_start(0);
    measure_start(10);
    measure_start(1000);
    measure_start(MOST);
    measure_expiry(1000);
    measure_expiry(10);
    measure_expiry(MOST);
    return 0;
}
