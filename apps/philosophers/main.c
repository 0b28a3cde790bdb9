/*
 * The dining philosophers: five at a round table, a fork between each two, and who eats needs both.
 *   philosophers             each takes the fork of the lower number first: somebody always eats
 *   philosophers deadlock    each takes the left one first: once all hold one, all wait for ever
 * A debug build stops the second and names the forks and who takes them; a release build hangs.
 */
#include <kiln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEATS 5
#define MEALS 2

static const char *const names[SEATS] = {"Aristotle", "Buridan", "Confucius", "Descartes",
                                         "Epicurus"};
static struct kiln_mutex forks[SEATS];
static bool all_left_first;
static bool is_eating[SEATS];            /* under both forks */
static unsigned meals[SEATS], disturbed; /* the first: its philosopher's; atomic */

static void eat(unsigned seat)
{
    unsigned left = (seat + SEATS - 1) % SEATS, right = (seat + 1) % SEATS;

    is_eating[seat] = true;
    if (is_eating[left] || is_eating[right])
        __atomic_add_fetch(&disturbed, 1, __ATOMIC_RELAXED);
    printf("%s eats with forks %u and %u\n", names[seat], seat, right);
    kiln_sleep_for(KILN_MILLISECONDS(1));
    is_eating[seat] = false;
    meals[seat]++;
}

static void *dine(void *argument)
{
    unsigned seat = (unsigned)(uintptr_t)argument;
    unsigned first = seat, second = (seat + 1) % SEATS;

    if (!all_left_first && second < first) {
        first = second;
        second = seat;
    }
    for (unsigned i = 0; i < MEALS; i++) {
        kiln_mutex_lock(&forks[first]);
        printf("%s has fork %u\n", names[seat], first);
        kiln_sleep_for(KILN_MILLISECONDS(1));
        kiln_mutex_lock(&forks[second]);
        eat(seat);
        kiln_mutex_unlock(&forks[second]);
        kiln_mutex_unlock(&forks[first]);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct kiln_thread *threads[SEATS];

    all_left_first = argc == 2 && strcmp(argv[1], "deadlock") == 0;
    if (argc > 1 && !all_left_first) {
        fputs("usage: philosophers [deadlock]\n", stderr);
        return 2;
    }
    for (unsigned i = 0; i < SEATS; i++)
        kiln_mutex_init(&forks[i]);
    for (uintptr_t i = 0; i < SEATS; i++) {
        if (kiln_thread_create(&threads[i], KILN_THREAD_ATTRIBUTES(.name = names[i]), dine,
                               (void *)i)) {
            puts("No memory for a philosopher.");
            return 1;
        }
    }
    for (unsigned i = 0; i < SEATS; i++)
        kiln_thread_join(threads[i], NULL);
    for (unsigned i = 0; i < SEATS; i++)
        printf("%s has eaten %u times\n", names[i], meals[i]);
    printf("Neighbours ate at once %u times\n", disturbed);
    return disturbed != 0;
}
