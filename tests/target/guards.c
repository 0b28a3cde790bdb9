/*
 * The unmapped pages around the stacks that boot makes: of each CPU those of last resort, of
 * interrupts and of its first thread. An argument chooses an access that has to end in a panic.
 */
#include <kiln.h>
#include <string.h>
#include "page_entries.h"
#include "raise_interrupt.h"
#include "run_as_idle.h"
#include "run_on_stack.h"
#include "tap.h"

#define PAGE       ((uintptr_t)4096)
#define CPUS       4
#define STACK_MOST (256 * 1024 / PAGE)

/* From the linker script: CPU 0's. */
extern char __emergency_stack_guard[], __emergency_stack_top[];
extern char __irq_stack_guard[], __irq_stack_bottom[], __irq_stack_top[];

/* Of last resort: one below the other, guards between them. */
#ifdef __x86_64__
#define LAST_RESORTS 3

/* Where the CPU switches to by itself for anything but an interrupt: Intel SDM volume 3, 8.7. */
static void read_tops(uintptr_t *tops)
{
    struct __attribute__((packed)) {
        uint16_t limit;
        const uint8_t *base;
    } gdt;
    uint16_t selector;
    uint64_t descriptor[2];
    __asm__("sgdt %0" : "=m"(gdt));
    __asm__("str %0" : "=r"(selector));
    memcpy(descriptor, gdt.base + selector, sizeof descriptor);
    uintptr_t tss = (descriptor[0] >> 16 & 0xFFFFFF) | (descriptor[0] >> 56) << 24;
    memcpy(tops, (const char *)(tss | descriptor[1] << 32) + 44, LAST_RESORTS * sizeof *tops);
}
#else
#define LAST_RESORTS 1

/* What the vectors load from the CPU's data. */
static void read_tops(uintptr_t *tops)
{
    const uintptr_t *percpu;
    __asm__ volatile("mrs %0, tpidrro_el0" : "=r"(percpu));
    *tops = *percpu;
}
#endif

static bool is_mapped(uintptr_t address)
{
    unsigned shift;
    return entry_of((const void *)address, &shift) != 0;
}

/* Mapped pages around an address, up to one that is not on either side; its lowest address. */
static size_t pages_around(const volatile void *inside, uintptr_t *bottom)
{
    uintptr_t start = (uintptr_t)inside & -PAGE, end = start;
    while (is_mapped(end) && end - start <= STACK_MOST * PAGE)
        end += PAGE;
    while (is_mapped(start - 1) && end - start <= STACK_MOST * PAGE)
        start -= PAGE;
    *bottom = start;
    return (end - start) / PAGE;
}

/* Of each CPU: its stack of interrupts; its thread's; where those of last resort end. */
static uintptr_t interrupt_bottom[CPUS], last_resort_tops[CPUS][LAST_RESORTS];
static size_t interrupt_pages[CPUS], thread_pages[CPUS];

/* How many of the stacks below that of interrupts are one page between two guards, and in use. */
static unsigned count_last_resorts(unsigned cpu)
{
    unsigned used = 0, right = 0;
    uintptr_t bottom = interrupt_bottom[cpu];
    for (unsigned i = 0; i < LAST_RESORTS; i++) {
        uintptr_t top = bottom - PAGE;
        for (unsigned j = 0; j < LAST_RESORTS; j++)
            used += last_resort_tops[cpu][j] == top;
        right += !is_mapped(top) && pages_around((char *)(top - 1), &bottom) == 1;
    }
    return used == LAST_RESORTS && !is_mapped(bottom - 1) ? right : 0;
}

static void look_at_interrupts(void *unused)
{
    volatile char local = 0;
    unsigned cpu = kiln_cpu_id();
    (void)unused;
    interrupt_pages[cpu] = pages_around(&local, &interrupt_bottom[cpu]);
}

static void look_at_thread(unsigned cpu)
{
    volatile char local = 0;
    uintptr_t bottom;
    thread_pages[cpu] = pages_around(&local, &bottom);
    read_tops(last_resort_tops[cpu]);
}

static void test_boot_cpu(void)
{
    uintptr_t bottom;
    TAP_EQUAL(pages_around(__irq_stack_top - 1, &bottom), IRQ_STACK_BYTES / PAGE);
    TAP_EQUAL(bottom, (uintptr_t)__irq_stack_bottom);
    TAP_EQUAL(bottom - PAGE, (uintptr_t)__irq_stack_guard);
    TAP_EQUAL((uintptr_t)__emergency_stack_top, (uintptr_t)__irq_stack_guard);
    TAP_EQUAL((uintptr_t)__emergency_stack_top - 2 * LAST_RESORTS * PAGE,
              (uintptr_t)__emergency_stack_guard);
    look_at_thread(0);
    interrupt_bottom[0] = (uintptr_t)__irq_stack_bottom;
    TAP_EQUAL(count_last_resorts(0), LAST_RESORTS);
    tap_check(thread_pages[0] >= 2 && thread_pages[0] <= STACK_MOST,
              "main's stack ends on both sides");
}

static void test_cpu(unsigned cpu)
{
    TAP_EQUAL(kiln_cpu_call(cpu, look_at_interrupts, NULL), 0);
    TAP_EQUAL(interrupt_pages[cpu], IRQ_STACK_BYTES / PAGE);
    TAP_EQUAL(run_as_idle(cpu, look_at_thread), 0);
    TAP_EQUAL(count_last_resorts(cpu), LAST_RESORTS);
    TAP_EQUAL(thread_pages[cpu], 1);
}

/* Up to the end of the stack and beyond, with a frame in it. */
static void climb(void)
{
    volatile char local = 0;
    __asm__ volatile("" : : "r"(__builtin_frame_address(0)));
    for (volatile char *at = &local;; at++)
        (void)*at;
}

static KILN_INTERRUPT_HANDLER void climb_in_handler(void *unused)
{
    (void)unused;
    climb();
}

static void climb_on_cpu(unsigned cpu)
{
    (void)cpu;
    climb();
}

static void raise_and_climb(void)
{
    struct raised_interrupt interrupt = test_interrupt(0);
    kiln_irq_attach(interrupt.irq, climb_in_handler, NULL);
    raise_interrupt(&interrupt);
}

static int recurse(volatile int depth)
{
    volatile char space[256];
    space[0] = (char)depth;
    return recurse(depth + 1) + space[0];
}

static void overflow(void)
{
    recurse(0);
}

/* The stack of last resort by its place below the first; beyond its lower or its upper end. */
static void leave_last_resort(unsigned place, void (*leave)(void))
{
    struct kiln_stack stack = {.top = (uintptr_t)__emergency_stack_top - place * 2 * PAGE};
    run_on_stack(&stack, leave);
}

static void crash(const char *how)
{
    if (strcmp(how, "main") == 0)
        climb();
    else if (strcmp(how, "handler") == 0)
        raise_and_climb();
    else if (strcmp(how, "last-resort") == 0)
        leave_last_resort(0, overflow);
    else if (strcmp(how, "double") == 0)
        leave_last_resort(1, overflow);
    else if (strcmp(how, "above-double") == 0)
        leave_last_resort(1, climb);
    else if (strcmp(how, "nmi") == 0)
        leave_last_resort(2, overflow);
    else if (strcmp(how, "above-nmi") == 0)
        leave_last_resort(2, climb);
    else if (strcmp(how, "call") == 0)
        kiln_cpu_call(1, climb_in_handler, NULL);
    else if (strcmp(how, "idle") == 0)
        run_as_idle(1, climb_on_cpu);
}

int main(int argc, char **argv)
{
    if (argc == 2)
        crash(argv[1]);
    test_boot_cpu();
    for (unsigned cpu = 1; cpu < kiln_cpu_count(); cpu++)
        test_cpu(cpu);
    return tap_done();
}
