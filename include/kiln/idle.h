/*
 * Idle CPUs: how they wait when no thread is ready. A board has one or more idle states, of which
 * the deeper ones save more power, and take longer to leave. Without a governor a CPU always takes
 * the last one that it can enter by itself (wfi, hlt); a governor chooses each time.
 */
#ifndef KILN_IDLE_H
#define KILN_IDLE_H

#include <kiln/api.h>

KILN_BEGIN

/** How a state is entered. */
enum kiln_idle_entry {
    KILN_IDLE_SPIN, /**< looks again and again, with interrupts on */
    KILN_IDLE_WAIT  /**< wfi or hlt: stands still until an interrupt is pending */
};

/** A state of the board's. The first costs least to leave. */
struct kiln_idle_state {
    const char *name;
    int64_t exit_latency; /**< nanoseconds from the interrupt to its handler, about, at most */
    int64_t residency;    /**< nanoseconds that make entering it worth it */
    enum kiln_idle_entry entry;
};

/** What a governor knows of a CPU that becomes idle. */
struct kiln_idle_cpu {
    const struct kiln_idle_state *states;
    unsigned count;      /**< of the states within the latency limit: at least 1 */
    int64_t until_timer; /**< nanoseconds to the CPU's next timer; KILN_FOREVER: it has none */
    unsigned state;      /**< the last one */
    int64_t memory[24];  /**< the governor's own; 0 at first */
};

/**
 * A governor: one's own, or one of the two below. Both functions are called by each CPU for itself,
 * with interrupts masked.
 */
struct kiln_idle_governor {
    const char *name;
    /** The state to enter, below `count`. */
    unsigned (*choose)(struct kiln_idle_cpu *cpu);
    /** The CPU was in `state` for so many nanoseconds. */
    void (*reflect)(struct kiln_idle_cpu *cpu, int64_t duration);
};

/** Goes a step deeper when the CPU has slept long four times, and one back when it has not. */
extern const struct kiln_idle_governor kiln_idle_ladder;

/** Predicts how long the CPU is going to be idle by its next timer, by how often something else
 * came before that, and by a pattern in its last idle times. */
extern const struct kiln_idle_governor kiln_idle_menu;

/** Has all CPUs ask that governor from their next idle time on; NULL: none. Any context. */
void kiln_idle_set_governor(const struct kiln_idle_governor *wanted);

/** Somebody's demand on how fast CPUs wake up. Its members are the runtime's own. */
struct kiln_idle_latency {
    struct kiln_idle_latency *next, **link;
    int64_t limit;
};

/**
 * Demands that no state be entered whose exit latency is above so many nanoseconds, until the same
 * demand is set otherwise; KILN_FOREVER withdraws it. The least of all demands counts, from each
 * CPU's next idle time on, if there is a governor; the first state is always allowed. A demand is
 * all 0 at first, and must live until it is withdrawn. Any context.
 */
void kiln_idle_set_latency_limit(struct kiln_idle_latency *demand, int64_t limit);

/** The least of all demands. Any context. */
int64_t kiln_idle_latency_limit(void);

/** A CPU's use of a state. */
struct kiln_idle_stats {
    const struct kiln_idle_state *state;
    uint64_t entries;
    int64_t time; /**< nanoseconds in it */
};

/** What has been counted while there was a governor; some entries behind on another CPU. 0;
 * -EINVAL: there is no such CPU, or no such state. Any context. */
int kiln_idle_get_stats(unsigned cpu, unsigned state, struct kiln_idle_stats *stats);

KILN_END

#endif
