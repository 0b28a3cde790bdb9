/*
 * The unmapped pages around the stacks that boot makes: of each CPU those of last resort, of
 * interrupts and of its first thread. An argument chooses an access that has to end in a panic.
 */
#include <kiln.h>
#include <string.h>
#include "page_entries.h"
#include "raise_interrupt.h"
#include "run_on_cpu.h"
#include "run_on_stack.h"
#include "tap.h"

#define PAGE       ((uintptr_t)4096)
#define STACK_MOST (256 * 1024 / PAGE)

/* From the linker script: CPU 0's. */
extern char __emergency_stack_guard[], __emergency_stack_top[];
extern char __irq_stack_guard[], __irq_stack_bottom[], __irq_stack_top[];

#ifdef __x86_64__
#define LAST_RESORT_PAGES 2
#else
#define LAST_RESORT_PAGES 1
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

/* Of each CPU: pages of its stack of interrupts, and below that of last resort; of its thread's. */
static size_t interrupt_pages[CPUS], last_resort_pages[CPUS], thread_pages[CPUS];

static void look_at_interrupts(void *unused)
{
    volatile char local = 0;
    unsigned cpu = kiln_cpu_id();
    uintptr_t bottom;
    (void)unused;
    interrupt_pages[cpu] = pages_around(&local, &bottom);
    last_resort_pages[cpu] = pages_around((char *)(bottom - PAGE - 1), &bottom);
}

static void look_at_thread(unsigned cpu)
{
    volatile char local = 0;
    uintptr_t bottom;
    thread_pages[cpu] = pages_around(&local, &bottom);
}

static void test_boot_cpu(void)
{
    uintptr_t bottom;
    TAP_EQUAL(pages_around(__irq_stack_top - 1, &bottom), IRQ_STACK_BYTES / PAGE);
    TAP_EQUAL(bottom, (uintptr_t)__irq_stack_bottom);
    TAP_EQUAL(bottom - PAGE, (uintptr_t)__irq_stack_guard);
    TAP_EQUAL(pages_around(__emergency_stack_top - 1, &bottom), LAST_RESORT_PAGES);
    TAP_EQUAL(bottom - PAGE, (uintptr_t)__emergency_stack_guard);
    look_at_thread(0);
    tap_check(thread_pages[0] >= 2 && thread_pages[0] <= STACK_MOST,
              "main's stack ends on both sides");
}

static void test_cpu(unsigned cpu)
{
    TAP_EQUAL(kiln_cpu_call(cpu, look_at_interrupts, NULL), 0);
    TAP_EQUAL(interrupt_pages[cpu], IRQ_STACK_BYTES / PAGE);
    TAP_EQUAL(last_resort_pages[cpu], LAST_RESORT_PAGES);
    run_on_cpu(cpu, look_at_thread);
    wait_for_cpu(cpu);
    TAP_EQUAL(thread_pages[cpu], 1);
}

/* Up to the end of the stack and beyond. */
static void climb(void)
{
    volatile char local = 0;
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

static void crash(const char *how)
{
    struct kiln_stack last = {.top = (uintptr_t)__emergency_stack_top};
    if (strcmp(how, "main") == 0)
        climb();
    else if (strcmp(how, "handler") == 0)
        raise_and_climb();
    else if (strcmp(how, "last-resort") == 0)
        run_on_stack(&last, overflow);
    else if (strcmp(how, "call") == 0)
        kiln_cpu_call(1, climb_in_handler, NULL);
    else if (strcmp(how, "idle") == 0 && run_on_cpu(1, climb_on_cpu) == 0)
        wait_for_cpu(1);
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
