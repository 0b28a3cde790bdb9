/* Words of memory: who accesses them, what has been written, and taking it back. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>

#define SLOTS     (1u << 14)
#define UNDO_MOST (1u << 22)

/* Bit n: a CPU, or a context (a thread, or the handlers together). Grows from pass to pass. */
struct location {
    uintptr_t word;
    uint64_t value; /* as it counts in machine.memory */
    uint32_t reading_cpus, writing_cpus, reading_contexts, writing_contexts;
};

struct undo {
    struct location *location;
    uint64_t stored, value;
};

bool has_learnt;

static struct location table[SLOTS];
static struct undo *undo;
static size_t undo_count;

static uint64_t *memory_of(const struct location *location)
{
    return (uint64_t *)location->word;
}

static struct location *find(uintptr_t word)
{
    size_t slot = mix(word, 1) % SLOTS;

    for (unsigned tries = 0; tries < SLOTS / 2; tries++, slot = (slot + 1) % SLOTS) {
        if (table[slot].word == word)
            return &table[slot];
        if (!table[slot].word) {
            table[slot].word = word;
            table[slot].value = *memory_of(&table[slot]);
            return &table[slot];
        }
    }
    fprintf(stderr, "explore: too many words of memory\n");
    abort();
}

static bool is_several(uint32_t all, uint32_t writing)
{
    return writing && (all & (all - 1));
}

/* With interrupts masked only other CPUs matter. */
bool location_is_shared(const struct location *location, bool is_write)
{
    const struct cpu *cpu = cpu_now();
    uint32_t cpus = location->writing_cpus, contexts = location->writing_contexts;

    if (is_write) {
        cpus |= location->reading_cpus;
        contexts |= location->reading_contexts;
    }
    if (cpus & ~(1u << machine.current))
        return true;
    return !cpu->irqs_off && (contexts & ~(1u << cpu->stack));
}

struct location *location_touch(uintptr_t address, bool is_write)
{
    struct location *location = find(address & ~(uintptr_t)7);
    const struct cpu *cpu = cpu_now();
    uint32_t *cpus = is_write ? &location->writing_cpus : &location->reading_cpus;
    uint32_t *contexts = is_write ? &location->writing_contexts : &location->reading_contexts;
    uint32_t cpu_bit = 1u << machine.current;
    uint32_t context_bit = 1u << (cpu->in_interrupt ? STACKS_MOST : cpu->stack);

    if (((*cpus & cpu_bit) && (*contexts & context_bit)) || machine_is_checking)
        return location;
    *cpus |= cpu_bit;
    *contexts |= context_bit;
    if (is_several(location->reading_cpus | location->writing_cpus, location->writing_cpus) ||
        is_several(location->reading_contexts | location->writing_contexts,
                   location->writing_contexts))
        has_learnt = true;
    return location;
}

void location_write_begin(struct location *location)
{
    if (!undo)
        undo = malloc(UNDO_MOST * sizeof(*undo));
    if (!undo || undo_count == UNDO_MOST) {
        fprintf(stderr, "explore: a schedule writes too much\n");
        abort();
    }
    undo[undo_count++] = (struct undo){location, *memory_of(location), location->value};
}

/* Others that spin may go on. */
void location_write_end(struct location *location)
{
    uint64_t now = *memory_of(location);

    if (now == location->value)
        return;
    machine.memory ^= mix(location->word, location->value) ^ mix(location->word, now);
    location->value = now;
    for (unsigned number = 0; number < set_up.cpus; number++) {
        struct cpu *cpu = &machine.cpus[number];

        if (number == machine.current || cpu->is_woken)
            continue;
        cpu->is_woken = cpu->window_is_full;
        for (unsigned i = 0; i < cpu->window_count; i++)
            cpu->is_woken |= cpu->window[i] == location;
    }
}

size_t undo_length(void)
{
    return undo_count;
}

void undo_to(size_t length)
{
    while (undo_count > length) {
        const struct undo *last = &undo[--undo_count];

        *memory_of(last->location) = last->stored;
        last->location->value = last->value;
    }
}
