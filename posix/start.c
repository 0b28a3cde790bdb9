/* The program from its constructors to exit. */
#include <stdlib.h>
#include <malloc.h>
#include <stdio.h>
#include <kiln/program.h>
#include "posix.h"

typedef void (*constructor_t)(void);

/* From the linker script. */
extern const constructor_t __preinit_array_start[], __preinit_array_end[];
extern const constructor_t __init_array_start[], __init_array_end[];

int main(int argc, char **argv);

/*
 * What posix/ replaces in the C library. Naming it here takes it out of posix/'s archive before the
 * linker searches the C library's; nothing refers to the section, so that garbage collection drops
 * it and with it all that the program does not use. A program's own definitions come before both.
 */
extern uint16_t __aarch64_swp2_relax(uint16_t value, void *word);
extern uint16_t __aarch64_cas2_acq_rel(uint16_t old, uint16_t value, void *word);
extern void __assert_func(const char *, int, const char *, const char *);

typedef void (*replacement_t)(void);
__attribute__((used, section(".rodata.kiln_replacements"))) static const replacement_t
    replacements[] = {
        (replacement_t)malloc,
        (replacement_t)__retarget_lock_acquire,
        (replacement_t)fflush,
        (replacement_t)fclose,
        (replacement_t)fileno,
        (replacement_t)setvbuf,
        (replacement_t)fgets,
        (replacement_t)fopen,
        (replacement_t)fdopen,
        (replacement_t)abort,
        (replacement_t)__assert_func,
        (replacement_t)__aarch64_swp2_relax,
        (replacement_t)__aarch64_cas2_acq_rel,
};

static void run(const constructor_t *first, const constructor_t *end)
{
    while (first < end)
        (*first++)();
}

_Noreturn void kiln_program_start(int argc, char **argv)
{
    run(__preinit_array_start, __preinit_array_end);
    run(__init_array_start, __init_array_end);
    exit(main(argc, argv));
}
