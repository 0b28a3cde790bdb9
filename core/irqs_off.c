/* The longest times with interrupts masked, and where. */
#include <core/irqs_off.h>

#include <arch/counter.h>
#include <arch/cpu.h>
#include <arch/irq.h>
#include <core/backtrace.h>
#include <core/symbols.h>
#include <core/time.h>
#include <kiln/cpu.h>

#if KILN_CONFIG_IRQS_OFF_TRACE

#define CPUS   16
#define PLACES 8

/* Where an upcall is made, and what has called that function, such as kiln_spin_lock(). */
struct place {
    uintptr_t here, caller;
};

struct stretch {
    uint64_t units; /* arch_counter()'s */
    struct place from, to;
};

/* A CPU's; it alone writes them, interrupts masked. */
static struct {
    uint64_t since; /* arch_counter(); 0: nothing is measured, as at boot */
    struct place from;
    struct stretch longest[PLACES]; /* of different places each, longest first */
} cpus[CPUS];

/* By an upcall's frame: one begins with the address of the caller's, and where it returns to. */
static inline struct place place_of(const uintptr_t *frame)
{
    const uintptr_t *caller = (const uintptr_t *)frame[0];

    return (struct place){frame[1], caller[1]};
}

__attribute__((noinline)) void arch_irqs_off_begin(void)
{
    unsigned cpu = arch_cpu_id();

    cpus[cpu].from = place_of(__builtin_frame_address(0));
    cpus[cpu].since = arch_counter();
}

static bool is_same(const struct place *a, const struct place *b)
{
    return a->here == b->here && a->caller == b->caller;
}

/* In the place of a shorter one between the same places, or of the shortest of all. */
static void note(struct stretch *longest, const struct stretch *stretch)
{
    unsigned place = 0;

    while (place < PLACES - 1 && !(is_same(&longest[place].from, &stretch->from) &&
                                   is_same(&longest[place].to, &stretch->to)))
        place++;
    if (stretch->units <= longest[place].units)
        return;
    for (; place > 0 && longest[place - 1].units < stretch->units; place--)
        longest[place] = longest[place - 1];
    longest[place] = *stretch;
}

__attribute__((noinline)) void arch_irqs_off_end(void)
{
    uint64_t now = arch_counter();
    unsigned cpu = arch_cpu_id();

    if (cpus[cpu].since)
        note(cpus[cpu].longest, &(struct stretch){now - cpus[cpu].since, cpus[cpu].from,
                                                  place_of(__builtin_frame_address(0))});
    cpus[cpu].since = 0;
}

void arch_irqs_off_forget(void)
{
    cpus[arch_cpu_id()].since = 0;
}

static void tell_address(const char *before, uintptr_t address)
{
    size_t offset = 0;
    const char *name = core_symbol(address - 1, &offset);

    if (name)
        core_print("%s%s+0x%zx", before, name, offset + 1);
}

static void tell_place(const char *before, const struct place *place)
{
    tell_address(before, place->here);
    tell_address(" < ", place->caller);
}

void core_irqs_off_tell(void)
{
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++) {
        const struct stretch *stretch = cpus[cpu].longest;

        for (unsigned left = PLACES; left > 0 && stretch->units; left--, stretch++) {
            core_print("kiln: cpu %u: interrupts off for %llu ns", cpu,
                       (unsigned long long)core_time_of_counts(stretch->units));
            tell_place(", from ", &stretch->from);
            tell_place(" to ", &stretch->to);
            core_print("\n");
        }
    }
}

#endif
