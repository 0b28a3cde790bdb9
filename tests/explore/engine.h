/*
 * The explorer inside. CPUs are contexts of this process; each instrumented access, each change of
 * the interrupt mask and each wait is an event, and before some of them, the points, the search
 * chooses who goes on.
 */
#ifndef EXPLORE_ENGINE_H
#define EXPLORE_ENGINE_H

#include <explore.h>
#include <setjmp.h>
#include <stdnoreturn.h>
#include <unistd.h>

#define CPUS_MOST    4u
#define STACKS_MOST  12u
#define WINDOW_MOST  24u
#define EVENTS_MOST  20000u /* of a schedule */
#define SOURCE_ALARM EXPLORE_INTERRUPTS
#define SOURCE_IPI   (EXPLORE_INTERRUPTS + 1)
#define SOURCES      (EXPLORE_INTERRUPTS + 2)
#define NO_SOURCE    SOURCES

struct arch_context;
struct percpu;
struct location;

/* Why a CPU stands where it stands. */
enum place {
    PLACE_START,  /* before it has done anything */
    PLACE_ACCESS, /* before an access or the like: it can go on */
    PLACE_SPIN,   /* once it does not only repeat itself: another CPU changes what it has read */
    PLACE_IDLE,   /* with an interrupt */
};

struct cpu {
    void *sp; /* where its registers are, while another CPU moves */
    struct kiln_thread *thread;
    unsigned stack; /* the number of the thread's */
    bool irqs_off, in_interrupt;
    bool alarm_on, has_ipi;
    bool is_woken, window_is_full;
    uint8_t source; /* which interrupt it is to take as it goes on, or NO_SOURCE */
    uint8_t window_count;
    enum place place;
    uint64_t alarm;
    uint64_t spins_on;    /* its stack as it stood at PLACE_SPIN; 0: it is in no such loop */
    uintptr_t spin_frame; /* of the function with the loop, on this stack: */
    unsigned spin_stack;
    struct location *window[WINDOW_MOST]; /* what it has read since it spins */
};

struct call {
    uint32_t before; /* calls that had returned when it was made */
    uint8_t operation, has_returned, is_withdrawn;
    uint64_t argument, result;
};

/* All that changes while a schedule runs, but for memory and stacks. */
struct machine {
    struct cpu cpus[CPUS_MOST];
    uint64_t history[STACKS_MOST]; /* what each stack's owner has read, in order */
    uint64_t memory;               /* sum of all words that were written */
    uint64_t counter;
    uint32_t events;
    unsigned current;
    unsigned stacks;
    unsigned preemptions;
    unsigned ended; /* threads */
    uint32_t returned;
    unsigned calls;
    struct call call[EXPLORE_CALLS];
    bool has_fired[EXPLORE_INTERRUPTS];
};

struct stack {
    struct arch_context *context;
    char *top;
};

/* What never changes while schedules are explored. */
struct set_up {
    const struct explore_scenario *scenario;
    unsigned cpus, threads, servers, interrupts;
    struct {
        const char *name;
        unsigned cpu;
        void (*handler)(void);
    } interrupt[EXPLORE_INTERRUPTS];
};

extern struct machine machine;
extern struct set_up set_up;
extern struct stack stacks[STACKS_MOST];

/* Accesses count: a thread of the scenario runs. */
extern bool is_watching;

static inline struct cpu *cpu_now(void)
{
    return &machine.cpus[machine.current];
}

static inline uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t z = (a ^ b * 0x9E3779B97F4A7C15u) * 0xBF58476D1CE4E5B9u;

    z ^= z >> 29;
    z *= 0x94D049BB133111EBu;
    return z ^ z >> 32;
}

/* What the running context has learnt. */
static inline void note(uint64_t value)
{
    uint64_t *history = &machine.history[cpu_now()->stack];

    *history = mix(*history, value);
}

/* locations.c: words of memory that are accessed. */

/* Notes an access by the current CPU; whether it matters when it comes, with respect to others. */
struct location *location_touch(uintptr_t address, bool is_write);
bool location_is_shared(const struct location *location, bool is_write);

/* It is about to be written, and has been. */
void location_write_begin(struct location *location);
void location_write_end(struct location *location);

/* Another location was found to be shared since that was 0: schedules were left out. */
extern bool has_learnt;

/* The length of the list of what was written; memory as it was then. */
size_t undo_length(void);
void undo_to(size_t length);

/* hooks.c */

/* What was announced as written has been, before anything else happens. */
void flush_writes(void);

/* machine.c */

/* The current CPU stands at a point until the search lets it go on. */
void point(enum place place);

/* Whether the search is to choose before the next event, which may be left out otherwise. */
bool is_due(bool is_point);

/* An event that is no access to memory, and whether others may come before it. */
void machine_event(bool is_point);

/* The CPU that is current goes on up to its next point. */
void machine_go_on(void);

/* Which it could do, and which interrupts it could take: a bit for each source. */
bool can_go_on(const struct cpu *cpu);
unsigned can_interrupt(unsigned number);

/* Leaves the CPU's context for the search for good: the schedule has failed. */
noreturn void machine_stop(void);
extern char failure[512];

/* Where it leads to instead while the scenario looks at a state. */
extern jmp_buf machine_checks;
extern bool machine_is_checking;

/* The calls of a backtrace of a CPU that stands at a point: how many. */
unsigned machine_backtrace(const struct stack *stack, uintptr_t *places, unsigned most);
char *stack_pointer(unsigned number);

/* kernel.c */
void kernel_begin(const struct explore_scenario *scenario);
void kernel_interrupt(unsigned source);
const char *thread_name(const struct kiln_thread *thread);
struct kiln_thread *kernel_thread(const char *name, int priority, unsigned cpu,
                                  void *(*function)(void *argument), void *argument);
void machine_ended(void);

/* replay.c: schedules as text, and traces. */
struct decision {
    uint32_t event; /* before which it is made */
    uint8_t cpu, source;
};
void print_schedule(const struct decision *decisions, size_t count);

/* Runs the schedule and prints all of it; true: it fails as it should. */
bool replay(const char *schedule);

/* Whether the schedule, which has just been found, fails in the same way when it runs again. */
bool replays_alike(const struct decision *decisions, size_t count);
bool is_replaying(void);

/* The next decision of the schedule is made before this event. */
bool replay_is_due(void);
void trace_event(const char *kind, uintptr_t address, uint64_t value, uintptr_t place);

/* search.c */
struct figures {
    uint64_t schedules, ends, states, passes;
    unsigned bound;
};

/* True: no schedule up to that bound fails; all of them, if it is the last one. False: `failure`
 * says how one does, and the path which. */
bool search(unsigned bound, bool is_last, struct figures *figures);
void search_restart(void);
const struct decision *search_path(size_t *length);

/* Whether the state that the machine is in is wrong, or has ended. */
bool search_fails(void);
bool has_ended(void);

#endif
