/* What must not be done in an interrupt handler or under a lock ends in a panic that says so. */
#include "raise_interrupt.h"

#include <stdio.h>
#include <stdlib.h>

static struct raised_interrupt interrupt;
static struct kiln_spinlock lock = KILN_SPINLOCK_INIT;
static volatile double number = 1.5;
static void *volatile block;

/* Without the attribute, as a careless program would have it. */
static void use_fp(void *unused)
{
    (void)unused;
    number = number * 2;
}

static KILN_INTERRUPT_HANDLER void sleep_there(void *unused)
{
    (void)unused;
    silence_interrupt(&interrupt);
    kiln_sleep_for(KILN_MILLISECONDS(1));
}

static KILN_INTERRUPT_HANDLER void call_there(void *unused)
{
    (void)unused;
    silence_interrupt(&interrupt);
    kiln_cpu_call(0, sleep_there, NULL);
}

static KILN_INTERRUPT_HANDLER void malloc_there(void *unused)
{
    silence_interrupt(&interrupt);
    block = malloc(unused ? 1 : 100);
}

static KILN_INTERRUPT_HANDLER void free_there(void *unused)
{
    (void)unused;
    silence_interrupt(&interrupt);
    free(block);
}

static void in_handler(kiln_irq_handler_t handler)
{
    kiln_irq_attach(interrupt.irq, handler, NULL);
    raise_interrupt(&interrupt);
}

static void sleep_masked(void)
{
    uintptr_t state = kiln_irq_save();

    kiln_sleep_for(KILN_MILLISECONDS(1));
    kiln_irq_restore(state);
}

static void lock_twice(void)
{
    kiln_spin_lock(&lock);
    kiln_spin_lock(&lock);
}

static void misuse(const char *what)
{
    if (strcmp(what, "fp") == 0)
        in_handler(use_fp);
    else if (strcmp(what, "sleep") == 0)
        in_handler(sleep_there);
    else if (strcmp(what, "call") == 0)
        in_handler(call_there);
    else if (strcmp(what, "malloc") == 0)
        in_handler(malloc_there);
    else if (strcmp(what, "free") == 0)
        in_handler(free_there);
    else if (strcmp(what, "sleep-masked") == 0)
        sleep_masked();
    else if (strcmp(what, "lock-twice") == 0)
        lock_twice();
    else if (strcmp(what, "unlock") == 0)
        kiln_spin_unlock(&lock, 0);
    else if (strcmp(what, "mask") == 0)
        kiln_irq_mask(100000);
}

int main(int argc, char **argv)
{
    interrupt = test_interrupt(0);
    block = malloc(100);
    if (argc == 2)
        misuse(argv[1]);
    puts("survived");
    return 0;
}
