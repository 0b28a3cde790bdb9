/*
 * A pipeline over queues: the sieve of Eratosthenes, a thread for each prime. A stage keeps the
 * first number that comes, a prime, and hands on what it does not divide; the last makes the stage
 * behind it when there is something to hand on. A stage that is slow holds up those before it, as
 * its queue is short.
 *   pipeline [LAST]     the primes up to LAST; 50
 */
#include <kiln.h>
#include <stdio.h>
#include <stdlib.h>

#define STAGES 64
#define ROOM   4
#define END    0 /* the message behind the last number */

struct stage {
    struct kiln_queue queue; /* of what comes */
    unsigned places[ROOM];
    struct kiln_thread *thread;
    unsigned prime, came, went_on;
};

static struct stage stages[STAGES];
static unsigned stage_count; /* the last stage's, until it has made another one */

static void add_stage(void);

static void *sieve(void *argument)
{
    struct stage *stage = argument, *next = stage + 1;
    unsigned number;

    kiln_queue_receive(&stage->queue, &stage->prime);
    for (;;) {
        kiln_queue_receive(&stage->queue, &number);
        if (number == END)
            break;
        stage->came++;
        if (number % stage->prime == 0)
            continue;
        if (stage->went_on++ == 0)
            add_stage();
        kiln_queue_send(&next->queue, &number);
    }
    if (stage->went_on)
        kiln_queue_send(&next->queue, &number);
    return NULL;
}

static void add_stage(void)
{
    struct stage *stage = &stages[stage_count];

    if (stage_count == STAGES) {
        puts("There are too many primes.");
        exit(1);
    }
    stage_count++;
    kiln_queue_init(&stage->queue, stage->places, sizeof stage->places[0], ROOM);
    if (kiln_thread_create(&stage->thread, KILN_THREAD_ATTRIBUTES(.name = "sieve"), sieve, stage)) {
        puts("No memory for a stage.");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    unsigned last = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 50, end = END;

    if (argc > 2 || last < 2) {
        fputs("usage: pipeline [LAST], 2 or more\n", stderr);
        return 2;
    }
    add_stage();
    for (unsigned number = 2; number <= last; number++)
        kiln_queue_send(&stages[0].queue, &number);
    kiln_queue_send(&stages[0].queue, &end);
    for (unsigned i = 0; i == 0 || stages[i - 1].went_on; i++) {
        kiln_thread_join(stages[i].thread, NULL);
        printf("%3u: %2u came, %2u went on\n", stages[i].prime, stages[i].came, stages[i].went_on);
    }
    printf("%u primes up to %u\n", stage_count, last);
    return 0;
}
