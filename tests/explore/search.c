/*
 * The search: depth first through all states that a scenario can come to. A state is looked at
 * again only if it is reached with fewer preemptions than before. Going back takes memory back word
 * by word, and copies the parts of stacks that are in use.
 */
#include "engine.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MOST   (1u << 15)
#define CHOICES_MOST (CPUS_MOST * (SOURCES + 1))
#define PATH_MOST    (1u << 16)
#define ARENA_BYTES  ((size_t)256 << 20)
#define STATES_MOST  ((size_t)1 << 26)

/* A state with choices that are still to be made. */
struct node {
    size_t undo, kept; /* lengths as it was reached */
    size_t path;
    unsigned count, next;
    struct decision choices[CHOICES_MOST];
};

struct kept_stack {
    char *sp;
    size_t bytes;
};

static struct node nodes[NODES_MOST];
static unsigned node_count;
static char *arena;
static size_t kept;

/* What differs from going on with the same CPU. */
static struct decision path[PATH_MOST];
static size_t path_length;

/* Slot: the state, and in its lowest 8 bits how many preemptions it took. */
static uint64_t *seen;
static size_t seen_slots, seen_count;

static void need(bool holds, const char *what)
{
    if (holds)
        return;
    printf("Bail out! explore: %s\n", what);
    exit(1);
}

/* Keeping a state, and coming back to it. */

static void keep_bytes(const void *from, size_t bytes)
{
    need(kept + bytes <= ARENA_BYTES, "a schedule is too long to be kept");
    memcpy(arena + kept, from, bytes);
    kept += bytes;
}

static void keep(struct node *node)
{
    node->kept = kept;
    node->undo = undo_length();
    node->path = path_length;
    keep_bytes(&machine, sizeof(machine));
    for (unsigned i = 0; i < machine.stacks; i++) {
        struct kept_stack stack = {.sp = stack_pointer(i)};

        stack.bytes = (size_t)(stacks[i].top - stack.sp);
        keep_bytes(&stack, sizeof(stack));
        keep_bytes(stack.sp, stack.bytes);
    }
}

static void come_back(const struct node *node)
{
    const char *from = arena + node->kept;

    undo_to(node->undo);
    path_length = node->path;
    memcpy(&machine, from, sizeof(machine));
    from += sizeof(machine);
    for (unsigned i = 0; i < machine.stacks; i++) {
        struct kept_stack stack;

        memcpy(&stack, from, sizeof(stack));
        memcpy(stack.sp, from + sizeof(stack), stack.bytes);
        from += sizeof(stack) + stack.bytes;
    }
}

/* States that were seen. */

static uint64_t state_of_cpu(const struct cpu *cpu)
{
    uint64_t flags = (uint64_t)cpu->stack | (uint64_t)cpu->irqs_off << 8 |
                     (uint64_t)cpu->in_interrupt << 9 | (uint64_t)cpu->alarm_on << 10 |
                     (uint64_t)cpu->has_ipi << 11 | (uint64_t)cpu->place << 12 |
                     (uint64_t)can_go_on(cpu) << 16;

    return mix(mix(flags, cpu->alarm_on ? cpu->alarm : 0), cpu->spins_on);
}

static uint64_t state_of_call(const struct call *call)
{
    uint64_t flags = (uint64_t)call->before << 32 | (uint64_t)call->operation << 8 |
                     (uint64_t)call->is_withdrawn << 1 | call->has_returned;

    return mix(mix(flags, call->argument), call->result);
}

static uint64_t state(bool is_bounded)
{
    uint64_t state = mix(machine.memory, machine.counter);

    for (unsigned i = 0; i < machine.calls; i++)
        state = mix(state, state_of_call(&machine.call[i]));

    for (unsigned i = 0; i < set_up.cpus; i++)
        state = mix(state, state_of_cpu(&machine.cpus[i]));
    for (unsigned i = 0; i < machine.stacks; i++)
        state = mix(state, machine.history[i]);
    for (unsigned i = 0; i < set_up.interrupts; i++)
        state = mix(state, machine.has_fired[i]);
    return mix(state, (uint64_t)machine.ended << 8 | (is_bounded ? machine.current : CPUS_MOST));
}

static void grow(void)
{
    uint64_t *old = seen;
    size_t old_slots = seen_slots;

    seen_slots = old_slots ? 2 * old_slots : 1u << 16;
    need(seen_slots <= STATES_MOST, "more states than there is room for");
    seen = calloc(seen_slots, sizeof(*seen));
    need(seen, "no memory");
    for (size_t i = 0; i < old_slots; i++) {
        size_t slot = (old[i] >> 8) % seen_slots;

        if (!old[i])
            continue;
        while (seen[slot])
            slot = (slot + 1) % seen_slots;
        seen[slot] = old[i];
    }
    free(old);
}

/* True: from this state on everything was looked at, with as many preemptions left. */
static bool was_seen(bool is_bounded)
{
    uint64_t found = state(is_bounded) & ~(uint64_t)0xFF;
    size_t slot;

    if (2 * seen_count >= seen_slots)
        grow();
    for (slot = (found >> 8) % seen_slots; seen[slot]; slot = (slot + 1) % seen_slots)
        if ((seen[slot] & ~(uint64_t)0xFF) == found) {
            if ((seen[slot] & 0xFF) <= machine.preemptions)
                return true;
            seen[slot] = found | machine.preemptions;
            return false;
        }
    seen_count++;
    seen[slot] = found | machine.preemptions;
    return false;
}

/* Choosing. */

static void add(struct node *node, unsigned cpu, unsigned source)
{
    node->choices[node->count++] = (struct decision){machine.events, (uint8_t)cpu, (uint8_t)source};
}

static void add_cpu(struct node *node, unsigned cpu)
{
    unsigned sources = can_interrupt(cpu);

    if (can_go_on(&machine.cpus[cpu]))
        add(node, cpu, NO_SOURCE);
    for (unsigned source = 0; source < SOURCES; source++)
        if (sources & 1u << source)
            add(node, cpu, source);
}

/* The current CPU first. */
static void choose(struct node *node, unsigned bound)
{
    bool may_preempt = !can_go_on(cpu_now()) || machine.preemptions < bound;

    node->count = node->next = 0;
    add_cpu(node, machine.current);
    for (unsigned cpu = 0; cpu < set_up.cpus && may_preempt; cpu++)
        if (cpu != machine.current)
            add_cpu(node, cpu);
}

/* The last one of a schedule that fails says where. */
static void note_decision(struct decision decision)
{
    need(path_length < PATH_MOST, "a schedule has too many choices");
    path[path_length++] = decision;
}

static void go(struct decision choice, bool is_bounded)
{
    if (choice.cpu != machine.current && can_go_on(cpu_now()) && is_bounded)
        machine.preemptions++;
    if (choice.cpu != machine.current || choice.source != NO_SOURCE)
        note_decision(choice);
    machine.current = choice.cpu;
    cpu_now()->source = choice.source;
    machine_go_on();
}

bool has_ended(void)
{
    if (machine.ended < set_up.threads - set_up.servers)
        return false;
    for (unsigned i = 0; i < set_up.cpus; i++)
        if (machine.cpus[i].has_ipi || machine.cpus[i].in_interrupt)
            return false;
    for (unsigned i = 0; i < set_up.interrupts; i++)
        if (!machine.has_fired[i])
            return false;
    return true;
}

/* The scenario's own look at a state: what it changes is taken back. */
static void check(void (*function)(void))
{
    static struct machine before;
    size_t undo = undo_length();

    if (!function || failure[0])
        return;
    memcpy(&before, &machine, sizeof(machine));
    machine_is_checking = is_watching = true;
    if (setjmp(machine_checks) == 0)
        function();
    flush_writes();
    machine_is_checking = is_watching = false;
    undo_to(undo);
    memcpy(&machine, &before, sizeof(machine));
}

static void fail_without_end(void)
{
    snprintf(failure, sizeof(failure), "no end after %u accesses", EVENTS_MOST);
}

/* Wrong, whatever comes next. */
static bool fails(struct node *node, unsigned bound)
{
    check(set_up.scenario->always);
    if (failure[0])
        return true;
    if (has_ended()) {
        check(set_up.scenario->end);
        return failure[0];
    }
    choose(node, bound);
    if (node->count == 0)
        snprintf(failure, sizeof(failure), "nobody can go on: %u of %u threads have ended",
                 machine.ended, set_up.threads - set_up.servers);
    else if (machine.events > EVENTS_MOST)
        fail_without_end();
    return failure[0];
}

/* The last state that has another choice; false: all is done. */
static bool turn_back(bool is_bounded)
{
    while (node_count > 0) {
        struct node *node = &nodes[node_count - 1];
        struct decision choice = node->choices[node->next++];

        come_back(node);
        if (node->next == node->count) {
            kept = node->kept;
            node_count--;
        }
        go(choice, is_bounded);
        return true;
    }
    return false;
}

/* A schedule goes on up to its end, or to a state that was seen; true: it fails. */
static bool walk(unsigned bound, struct figures *figures)
{
    bool is_bounded = bound < EXPLORE_ALL;

    for (;;) {
        struct node *node = &nodes[node_count];
        struct decision choice;

        if (fails(node, bound)) {
            note_decision((struct decision){machine.events, (uint8_t)machine.current, NO_SOURCE});
            return true;
        }
        if (has_ended()) {
            figures->ends++;
            return false;
        }
        if (was_seen(is_bounded))
            return false;
        choice = node->choices[node->next++];
        if (node->count > 1) {
            need(node_count < NODES_MOST, "a schedule has too many choices");
            keep(node);
            node_count++;
        }
        go(choice, is_bounded);
    }
}

/* False: some schedule fails, and stands in the path. */
static bool pass(unsigned bound, struct figures *figures)
{
    bool fails;

    memset(seen, 0, seen_slots * sizeof(*seen));
    seen_count = node_count = 0;
    has_learnt = false;
    figures->schedules = figures->ends = 0;
    do {
        fails = walk(bound, figures);
        figures->schedules++;
    } while (!fails && turn_back(bound < EXPLORE_ALL));
    return !fails;
}

const struct decision *search_path(size_t *length)
{
    *length = path_length;
    return path;
}

bool search_fails(void)
{
    static struct node node;

    return fails(&node, EXPLORE_ALL);
}

/* As the scenario begins; kept for good. */
static const struct node *find_root(size_t *bytes)
{
    static struct node root;
    static size_t root_bytes;

    if (!arena) {
        arena = malloc(ARENA_BYTES);
        need(arena, "no memory");
        grow();
        keep(&root);
        root_bytes = kept;
    }
    *bytes = root_bytes;
    return &root;
}

/* Passes are repeated until none finds another word that several use: those are where others may
 * come in between. */
bool search(unsigned bound, bool is_last, struct figures *figures)
{
    const struct node *root = find_root(&kept);
    bool holds = true;

    figures->passes = 0;
    do {
        come_back(root);
        find_root(&kept);
        holds = pass(bound, figures);
        figures->states = seen_count;
        figures->passes++;
    } while (holds && is_last && has_learnt);
    if (holds && figures->ends == 0) {
        fail_without_end();
        path_length = 0;
        return false;
    }
    return holds;
}

void search_restart(void)
{
    come_back(find_root(&kept));
}
