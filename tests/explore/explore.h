/*
 * What a scenario is made of: a few threads of the runtime's own, on CPUs that the explorer has,
 * and interrupts. The explorer walks every order in which their accesses to memory can come.
 */
#ifndef EXPLORE_H
#define EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kiln_thread;

#define EXPLORE_ALL 255u /* preemptions without a bound */

struct explore_scenario {
    const char *name;
    const char *what; /* what it shows, as its line of the test's output says */
    unsigned cpus;    /* 0: one */

    /* Makes objects, threads and interrupts, before anything runs. */
    void (*begin)(void);

    /* What is true between any two accesses, and what is once all threads have ended; looked at
     * without being explored, and what they change is taken back. May be NULL. */
    void (*always)(void);
    void (*end)(void);

    /* Preemptions in a schedule at most: switches to another CPU though this one could go on.
     * Interrupts and what waits are not counted. long_bound is that of the long tests. */
    unsigned bound, long_bound;
};

/* All scenarios of a program; the last one has no name. */
extern const struct explore_scenario explore_scenarios[];

/* A thread that runs function(argument) on that CPU; the schedule ends when all of them have. */
struct kiln_thread *explore_thread(const char *name, int priority, unsigned cpu,
                                   void (*function)(void *argument), void *argument);

/* The same for one that need not end. */
struct kiln_thread *explore_server(const char *name, int priority, unsigned cpu,
                                   void (*function)(void *argument), void *argument);

/* A device's interrupt: its handler runs on that CPU so many times, each at any point where
 * interrupts are on. */
void explore_interrupt(const char *name, unsigned cpu, void (*handler)(void));
#define EXPLORE_INTERRUPTS 4

/* In a handler: the running thread's turn is over, and the next of its priority runs. */
void explore_end_turn(void);

/* The schedule is wrong; says why. */
_Noreturn void explore_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define EXPLORE_CHECK(condition)                                                                   \
    do {                                                                                           \
        if (!(condition))                                                                          \
            explore_fail("%s:%d: not %s", __FILE__, __LINE__, #condition);                         \
    } while (0)

/* What a trace calls an object. */
void explore_name(const void *object, size_t bytes, const char *name);

/*
 * In a thread, outside the runtime: how it goes on depends on where it is, on memory, and on this
 * number alone, not on what it has read before. States that differ in no more are then one.
 */
void explore_forget(uint64_t number);

/* Whether a thread waits in a queue, seen without an access. */
struct kiln_wait_queue;
bool explore_waits(const struct kiln_thread *thread, const struct kiln_wait_queue *queue);

/*
 * Linearisability: each operation is noted when it is called and when it returns. At the end there
 * has to be an order of all of them, in which those come first that had returned when others were
 * called, such that a model, applied in this order, has given the same results.
 */
struct explore_model {
    size_t bytes; /* of its state, which is 0 at first */
    uint64_t (*apply)(void *state, unsigned operation, uint64_t argument);
};

unsigned explore_call(unsigned operation, uint64_t argument);
void explore_return(unsigned call, uint64_t result);

/* The call is as if it had not been. */
void explore_withdraw(unsigned call);

/* Whether another call was not over when this one was made, or is not over yet. */
bool explore_overlaps(unsigned call);
#define EXPLORE_CALLS 16

/* The calls and results of this schedule have such an order; else it fails. In `end`. */
void explore_check_linear(const struct explore_model *model);

#endif
