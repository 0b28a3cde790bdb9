/*
 * Which outcomes the orders of kiln/memory_order.h forbid: all executions of the classic shapes
 * under three models. An execution says what each load reads from, and in which order the stores to
 * each place come; a model says which of them there are:
 *
 *   SC    one access after the other
 *   TSO   x86_64's: a store may come after later loads (Owens, Sarkar, Sewell, "x86-TSO", 2009)
 *   Arm   AArch64's: accesses that nothing orders may come in any order, but each store reaches all
 *         other CPUs at once (Pulte et al., "Simplifying ARM Concurrency", 2018)
 *
 * Of an order the model knows what the header promises, not more that its instruction does. A
 * program is a string, threads apart by |, up to four loads; x and y are 0 at first:
 *
 *   Rx Ax     kiln_load_relaxed(&x), kiln_load_acquire(&x)
 *   Dx Ex     a load whose address depends on the load before; one behind a branch on it
 *   Wx1 Lx1   kiln_store_relaxed(&x, 1), kiln_store_release(&x, 1)
 *   Vx1 Cx1   a store whose value depends on the load before; one behind a branch on it
 *   c f r w   kiln_order_compiler(), kiln_order_smp(), kiln_order_smp_read(), .._write()
 *
 * An outcome is what the loads read, in the order of the program, and what x and y are at last (?
 * is any).
 */
#include <string.h>
#include "test.h"

#define EVENTS   12
#define LOADS    4
#define OUTCOMES 729 /* three values, at four loads and two places */

enum model { SC, TSO, ARM, MODELS };

struct event {
    int thread; /* -1: before all */
    char kind;  /* as in a program */
    bool is_store;
    unsigned place, value, source; /* of a load: the store that it reads */
};

struct relation {
    unsigned after[EVENTS]; /* bit j of [i]: i comes before j */
};

static struct event events[EVENTS];
static unsigned event_count;
static struct relation program_order, ordered[MODELS]; /* in each thread */
static struct relation coherence;                      /* stores to each place */
static bool seen[MODELS][OUTCOMES];
static unsigned long executions, allowed[MODELS];

static bool has(const struct relation *relation, unsigned i, unsigned j)
{
    return relation->after[i] >> j & 1;
}

static void add(struct relation *relation, unsigned i, unsigned j)
{
    relation->after[i] |= 1u << j;
}

static bool has_cycle(struct relation relation)
{
    for (unsigned k = 0; k < event_count; k++)
        for (unsigned i = 0; i < event_count; i++)
            if (has(&relation, i, k))
                relation.after[i] |= relation.after[k];
    for (unsigned i = 0; i < event_count; i++)
        if (has(&relation, i, i))
            return true;
    return false;
}

static bool depends(char kind)
{
    return strchr("DEVC", kind) != NULL;
}

/* What orders an access before one after it in Arm's model, fences between them included. */
static bool arm_orders(unsigned i, unsigned j, const char *fences)
{
    const struct event *first = &events[i], *second = &events[j];
    bool is_next = j == i + 1; /* dependencies are on the access before */

    if (first->kind == 'A' || second->kind == 'L' || strchr(fences, 'f'))
        return true;
    if (strchr(fences, 'r') && !first->is_store)
        return true;
    if (strchr(fences, 'w') && second->is_store)
        return true;
    return is_next && !first->is_store && depends(second->kind) && second->kind != 'E';
}

/* Of an access, with those before it in its thread. */
static void order_with_former(unsigned j, char fences[EVENTS][8])
{
    for (unsigned i = 2; i < j; i++) {
        if (events[i].thread != events[j].thread)
            continue;
        add(&program_order, i, j);
        add(&ordered[SC], i, j);
        if (!events[i].is_store || events[j].is_store || strchr(fences[i], 'f'))
            add(&ordered[TSO], i, j);
        if (arm_orders(i, j, fences[i]))
            add(&ordered[ARM], i, j);
    }
}

static void add_event(int thread, char kind, unsigned place, unsigned value)
{
    events[event_count++] = (struct event){
        .thread = thread,
        .kind = kind,
        .is_store = strchr("WLVC", kind) != NULL,
        .place = place,
        .value = value,
    };
}

static void parse(const char *text)
{
    char fences[EVENTS][8] = {{0}}; /* behind each access of the thread */
    int thread = 0;

    memset(&program_order, 0, sizeof program_order);
    memset(ordered, 0, sizeof ordered);
    event_count = 0;
    add_event(-1, 'W', 0, 0);
    add_event(-1, 'W', 1, 0);
    for (; *text; text++) {
        if (*text == '|') {
            thread++;
        } else if (strchr("cfrw", *text)) {
            for (unsigned i = 2; i < event_count; i++)
                if (events[i].thread == thread)
                    strncat(fences[i], (char[]){*text, 0}, 1);
        } else if (*text != ' ') {
            bool is_store = strchr("WLVC", *text) != NULL;

            add_event(thread, *text, text[1] == 'y', is_store ? (unsigned)(text[2] - '0') : 0);
            order_with_former(event_count - 1, fences);
            text += 1 + is_store;
        }
    }
}

/* Reads, in a thread, from its own store. */
static bool is_inside(unsigned i, unsigned j)
{
    return events[i].thread == events[j].thread;
}

/* Reads-from, coherence, and from-read: a load before the stores behind the one that it reads; all,
 * or only those between threads. */
static void add_communication(struct relation *relation, bool is_internal, bool has_own_stores)
{
    for (unsigned i = 0; i < event_count; i++) {
        unsigned later = coherence.after[events[i].is_store ? i : events[i].source];

        if (!events[i].is_store && (is_internal || !is_inside(events[i].source, i)))
            add(relation, events[i].source, i);
        for (unsigned j = 0; j < event_count; j++)
            if (later >> j & 1 && (has_own_stores || !is_inside(i, j)))
                add(relation, i, j);
    }
}

/* Each place for itself looks the same to all, and a thread sees its own accesses in order. */
static bool is_coherent(void)
{
    struct relation all = {{0}};

    add_communication(&all, true, true);
    for (unsigned i = 0; i < event_count; i++)
        for (unsigned j = 0; j < event_count; j++)
            if (has(&program_order, i, j) && events[i].place == events[j].place)
                add(&all, i, j);
    return !has_cycle(all);
}

/* What a store whose value depends on a load hands to a load of its own thread comes after it. */
static void add_forwarded(struct relation *relation)
{
    for (unsigned j = 2; j < event_count; j++) {
        unsigned store = events[j].source;

        if (!events[j].is_store && is_inside(store, j) && events[store].kind == 'V')
            add(relation, store - 1, j);
    }
}

static bool allows(enum model model)
{
    struct relation all = ordered[model];

    add_communication(&all, model == SC, model != ARM);
    if (model == ARM)
        add_forwarded(&all);
    return !has_cycle(all);
}

static unsigned last_value(unsigned place)
{
    unsigned last = place;

    for (unsigned i = 2; i < event_count; i++)
        if (has(&coherence, last, i))
            last = i;
    return events[last].value;
}

static unsigned outcome(void)
{
    unsigned number = last_value(1) * 3 + last_value(0);

    for (unsigned i = event_count; i-- > 2;)
        if (!events[i].is_store)
            number = number * 3 + events[events[i].source].value;
    return number;
}

static void judge(void)
{
    if (!is_coherent())
        return;
    executions++;
    for (unsigned model = 0; model < MODELS; model++) {
        if (allows(model)) {
            allowed[model]++;
            seen[model][outcome()] = true;
        }
    }
}

/* Stores to the same place, from j on with those before it, either way round. */
static void choose_coherence(unsigned i, unsigned j)
{
    struct relation before = coherence;

    if (i == j) {
        i = 0;
        j++;
    }
    if (j >= event_count) {
        judge();
        return;
    }
    if (!events[i].is_store || !events[j].is_store || events[i].place != events[j].place) {
        choose_coherence(i + 1, j);
        return;
    }
    add(&coherence, i, j);
    choose_coherence(i + 1, j);
    coherence = before;
    if (i >= 2) {
        add(&coherence, j, i);
        choose_coherence(i + 1, j);
        coherence = before;
    }
}

static void choose_sources(unsigned load)
{
    while (load < event_count && events[load].is_store)
        load++;
    if (load == event_count) {
        memset(&coherence, 0, sizeof coherence);
        choose_coherence(0, 1);
        return;
    }
    for (unsigned i = 0; i < event_count; i++) {
        if (events[i].is_store && events[i].place == events[load].place) {
            events[load].source = i;
            choose_sources(load + 1);
        }
    }
}

static void run(const char *program)
{
    parse(program);
    memset(seen, 0, sizeof seen);
    memset(allowed, 0, sizeof allowed);
    executions = 0;
    choose_sources(2);
}

/* Whether an outcome that is written so is there. */
static bool happens(enum model model, const char *want)
{
    for (unsigned i = 0; i < OUTCOMES; i++) {
        const char *at = want;
        unsigned left = i;

        while (*at && (*at == '?' || (unsigned)(*at - '0') == left % 3)) {
            at++;
            left /= 3;
        }
        if (seen[model][i] && !*at)
            return true;
    }
    return false;
}

struct shape {
    const char *name, *program, *outcome;
    bool by_tso, by_arm; /* whether they allow it */
};

static const struct shape shapes[] = {
    {"message passing", "Wx1 Wy1 | Ry Rx", "10", false, true},
    {"message passing, compiler", "Wx1 c Wy1 | Ry c Rx", "10", false, true},
    {"message passing, writer only", "Wx1 w Wy1 | Ry Rx", "10", false, true},
    {"message passing, reader only", "Wx1 Wy1 | Ry r Rx", "10", false, true},
    {"message passing, write and read", "Wx1 w Wy1 | Ry r Rx", "10", false, false},
    {"message passing, full", "Wx1 f Wy1 | Ry f Rx", "10", false, false},
    {"message passing, release and acquire", "Wx1 Ly1 | Ay Rx", "10", false, false},
    {"message passing, relaxed and acquire", "Wx1 Wy1 | Ay Rx", "10", false, true},
    {"dependency, of an address", "Wx1 Ly1 | Ry Dx", "10", false, false},
    {"dependency, of a branch before a load", "Wx1 Ly1 | Ry Ex", "10", false, true},
    {"dependency, of a writer that orders nothing", "Wx1 Wy1 | Ry Dx", "10", false, true},
    {"store buffering", "Wx1 Ry | Wy1 Rx", "00", true, true},
    {"store buffering, write and read", "Wx1 w r Ry | Wy1 w r Rx", "00", true, true},
    {"store buffering, release and acquire", "Lx1 Ay | Ly1 Ax", "00", true, true},
    {"store buffering, one full", "Wx1 f Ry | Wy1 Rx", "00", true, true},
    {"store buffering, full", "Wx1 f Ry | Wy1 f Rx", "00", false, false},
    {"store buffering, own stores read", "Wx1 Rx Ry | Wy1 Ry Rx", "1010", true, true},
    {"load buffering", "Rx Wy1 | Ry Wx1", "11", false, true},
    {"load buffering, one read", "Rx r Wy1 | Ry Wx1", "11", false, true},
    {"load buffering, read", "Rx r Wy1 | Ry r Wx1", "11", false, false},
    {"load buffering, write", "Rx w Wy1 | Ry w Wx1", "11", false, false},
    {"load buffering, acquire and release", "Ax Wy1 | Ry Lx1", "11", false, false},
    {"load buffering, values", "Rx Vy1 | Ry Vx1", "11", false, false},
    {"load buffering, branches before stores", "Rx Cy1 | Ry Cx1", "11", false, false},
    {"independent readers", "Wx1 | Wy1 | Rx Ry | Ry Rx", "1010", false, true},
    {"independent readers, one read", "Wx1 | Wy1 | Rx r Ry | Ry Rx", "1010", false, true},
    {"independent readers, read", "Wx1 | Wy1 | Rx r Ry | Ry r Rx", "1010", false, false},
    {"independent readers, acquire", "Wx1 | Wy1 | Ax Ry | Ay Rx", "1010", false, false},
    {"independent readers, addresses", "Wx1 | Wy1 | Rx Dy | Ry Dx", "1010", false, false},
    {"handed on", "Wx1 | Rx Wy1 | Ry Rx", "110", false, true},
    {"handed on, dependencies", "Wx1 | Rx Vy1 | Ry Dx", "110", false, false},
    {"handed on, release and acquire", "Wx1 | Rx Ly1 | Ay Rx", "110", false, false},
    {"two stores each", "Wx1 Wy2 | Wy1 Wx2", "11", false, true},
    {"two stores each, write", "Wx1 w Wy2 | Wy1 w Wx2", "11", false, false},
    {"store and load", "Wx1 w Wy1 | Wy2 w r Rx", "0?2", true, true},
    {"store and load, full", "Wx1 f Wy1 | Wy2 f Rx", "0?2", false, false},
    {"coherence, two loads", "Wx1 | Rx Rx", "10", false, false},
    {"coherence, two stores", "Wx1 Wx2 | Rx Rx", "21", false, false},
    {"coherence, own store", "Wx1 Rx | Wx2", "0", false, false},
    {"coherence, two readers", "Wx1 | Wx2 | Rx Rx | Rx Rx", "1221", false, false},
};

static void check(const struct shape *shape)
{
    char what[160];

    run(shape->program);
    printf("# %s: %lu executions; SC %lu, TSO %lu, Arm %lu\n", shape->program, executions,
           allowed[SC], allowed[TSO], allowed[ARM]);
    snprintf(what, sizeof what, "%s: SC forbids %s, TSO %s, Arm %s", shape->name, shape->outcome,
             shape->by_tso ? "allows it" : "forbids it",
             shape->by_arm ? "allows it" : "forbids it");
    tap_check(!happens(SC, shape->outcome) && happens(TSO, shape->outcome) == shape->by_tso &&
                  happens(ARM, shape->outcome) == shape->by_arm,
              what);
    for (unsigned i = 0; i < OUTCOMES; i++)
        TEST_HOLDS(seen[SC][i] <= seen[TSO][i] && seen[TSO][i] <= seen[ARM][i], "%s, outcome %u",
                   shape->program, i);
}

/* The same with a full order between all accesses. */
static void check_full(const struct shape *shape)
{
    char program[160] = "";
    char *end = program;

    for (const char *at = shape->program; *at; at++) {
        *end++ = *at;
        if (*at == ' ')
            *end++ = 'f';
    }
    run(program);
    for (unsigned i = 0; i < OUTCOMES; i++)
        TEST_HOLDS(seen[SC][i] == seen[TSO][i] && seen[TSO][i] == seen[ARM][i], "%s, outcome %u",
                   program, i);
}

int main(void)
{
    const unsigned count = sizeof shapes / sizeof shapes[0];

    for (unsigned i = 0; i < count; i++)
        check(&shapes[i]);
    test_property("what SC allows TSO does, and what TSO allows Arm does");
    for (unsigned i = 0; i < count; i++)
        check_full(&shapes[i]);
    test_property("with a full order between all accesses all are SC");
    return tap_done();
}
