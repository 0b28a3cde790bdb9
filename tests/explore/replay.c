/*
 * Schedules as text, and running one again with a trace. A schedule is a list of decisions: before
 * which event which CPU goes on, and by which interrupt; between them the same CPU goes on.
 */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE_MOST    (1u << 16)
#define NAMES_MOST    64u
#define SCHEDULE_MOST 4096u
#define BACKTRACE     12u

struct line {
    uint32_t event;
    unsigned cpu;
    bool in_interrupt;
    const struct kiln_thread *thread;
    const char *kind;
    uintptr_t address, place;
    uint64_t value;
};

static struct {
    uintptr_t start;
    size_t bytes;
    const char *name;
} names[NAMES_MOST];
static unsigned name_count;

static struct line lines[TRACE_MOST];
static unsigned line_count;

static struct decision schedule[SCHEDULE_MOST];
static unsigned schedule_length, schedule_next;
static bool replays;

void explore_name(const void *object, size_t bytes, const char *name)
{
    if (name_count == NAMES_MOST)
        explore_fail("more than %u names", NAMES_MOST);
    names[name_count].start = (uintptr_t)object;
    names[name_count].bytes = bytes;
    names[name_count++].name = name;
}

bool is_replaying(void)
{
    return replays;
}

bool replay_is_due(void)
{
    return schedule_next < schedule_length && schedule[schedule_next].event == machine.events;
}

void trace_event(const char *kind, uintptr_t address, uint64_t value, uintptr_t place)
{
    if (!replays || machine_is_checking || line_count == TRACE_MOST)
        return;
    lines[line_count++] = (struct line){
        .event = machine.events - 1,
        .cpu = machine.current,
        .in_interrupt = cpu_now()->in_interrupt,
        .thread = cpu_now()->thread,
        .kind = kind,
        .address = address,
        .place = place,
        .value = value,
    };
}

/* Text. */

void print_schedule(const struct decision *decisions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf("%s%u:%u", i ? "," : "", decisions[i].event, decisions[i].cpu);
        if (decisions[i].source != NO_SOURCE)
            printf("i%u", decisions[i].source);
    }
    if (count == 0)
        printf("-");
}

static void parse(const char *text)
{
    char *end;

    while (*text >= '0' && *text <= '9' && schedule_length < SCHEDULE_MOST) {
        struct decision *decision = &schedule[schedule_length++];

        decision->event = (uint32_t)strtoul(text, &end, 10);
        decision->cpu = (uint8_t)strtoul(end + (*end == ':'), &end, 10);
        decision->source = NO_SOURCE;
        if (*end == 'i')
            decision->source = (uint8_t)strtoul(end + 1, &end, 10);
        text = end + (*end == ',');
    }
}

/* Functions and lines, by addr2line. */

static FILE *start_symbols(void)
{
    static char path[] = "/tmp/explore-XXXXXX";
    char command[512];
    int descriptor = mkstemp(path);
    FILE *addresses = descriptor < 0 ? NULL : fdopen(descriptor, "w");

    if (!addresses)
        return NULL;
    for (unsigned i = 0; i < line_count; i++)
        fprintf(addresses, "0x%lx\n", (unsigned long)(lines[i].place - (lines[i].place != 0)));
    fclose(addresses);
    snprintf(command, sizeof(command), "addr2line -fpse /proc/%d/exe < %s; rm %s", (int)getpid(),
             path, path);
    return popen(command, "r");
}

static void print_object(const struct line *line)
{
    for (unsigned i = name_count; i-- > 0;)
        if (line->address - names[i].start < names[i].bytes) {
            printf(" %s+%lu", names[i].name, (unsigned long)(line->address - names[i].start));
            return;
        }
    if (line->address)
        printf(" 0x%lx", (unsigned long)line->address);
}

static void print_line(const struct line *line, const char *place)
{
    printf("# %6u  CPU %u %s%-10s %-36s %s", line->event, line->cpu,
           line->in_interrupt ? "irq " : "    ", thread_name(line->thread),
           line->place ? place : "", line->kind);
    print_object(line);
    printf(" %ld\n", (long)line->value);
}

static void print_trace(void)
{
    FILE *symbols = start_symbols();
    char place[256];

    for (unsigned i = 0; i < line_count; i++) {
        if (!symbols || !fgets(place, sizeof(place), symbols))
            place[0] = 0;
        place[strcspn(place, "\n")] = 0;
        print_line(&lines[i], place);
    }
    if (symbols)
        pclose(symbols);
    fflush(stdout);
}

/* Where every thread stands. */
static void trace_backtraces(void)
{
    for (unsigned i = 0; i < machine.stacks; i++) {
        uintptr_t places[BACKTRACE];
        unsigned count = machine_backtrace(&stacks[i], places, BACKTRACE);

        for (unsigned level = 0; level < count; level++) {
            trace_event(level ? "called from" : "stands", 0, level, places[level]);
            if (line_count)
                lines[line_count - 1].thread = (const struct kiln_thread *)stacks[i].context;
        }
    }
}

/* Running. */

static bool step(void)
{
    if (search_fails())
        return false;
    if (has_ended())
        return false;
    if (replay_is_due()) {
        machine.current = schedule[schedule_next].cpu;
        cpu_now()->source = schedule[schedule_next++].source;
    } else if (!can_go_on(cpu_now())) {
        printf("# the schedule does not fit: nobody goes on before access %u\n", machine.events);
        return false;
    }
    machine_go_on();
    return true;
}

static bool run(void)
{
    replays = true;
    failure[0] = 0;
    while (step())
        continue;
    trace_backtraces();
    replays = false;
    return failure[0];
}

bool replay(const char *text)
{
    bool fails;

    parse(text);
    fails = run();
    print_trace();
    printf("# %s\n", fails ? failure : "the schedule ends well");
    return fails;
}

bool replays_alike(const struct decision *decisions, size_t count)
{
    char found[sizeof(failure)];

    if (count > SCHEDULE_MOST)
        return false;
    memcpy(found, failure, sizeof(found));
    memcpy(schedule, decisions, count * sizeof(*decisions));
    schedule_length = (unsigned)count;
    search_restart();
    return run() && strcmp(found, failure) == 0;
}
