/* The ladder: a step deeper after long idle times, a step back after a short one. */
#include <kiln/idle.h>

#define LONG_TIMES 4 /* one after the other, before a step */

/* kiln_idle_cpu.memory */
enum { RUNG, LONG_ONES };

/* What the next timer or a limit forbids is not entered, but remembered. */
static unsigned choose(struct kiln_idle_cpu *cpu)
{
    unsigned state = (unsigned)cpu->memory[RUNG];

    if (state >= cpu->count)
        state = cpu->count - 1;
    while (state > 0 && cpu->states[state].residency > cpu->until_timer)
        state--;
    return state;
}

static void reflect(struct kiln_idle_cpu *cpu, int64_t duration)
{
    unsigned rung = (unsigned)cpu->memory[RUNG];

    if (duration < cpu->states[cpu->state].residency) {
        cpu->memory[LONG_ONES] = 0;
        cpu->memory[RUNG] = cpu->state > 0 ? cpu->state - 1 : 0;
    } else if (cpu->state == rung && rung + 1 < cpu->count &&
               duration >= cpu->states[rung + 1].residency) {
        if (++cpu->memory[LONG_ONES] == LONG_TIMES) {
            cpu->memory[LONG_ONES] = 0;
            cpu->memory[RUNG]++;
        }
    } else {
        cpu->memory[LONG_ONES] = 0;
    }
}

const struct kiln_idle_governor kiln_idle_ladder = {"ladder", choose, reflect};
