/* The program from its constructors to exit. */
#include <stdlib.h>
#include <stdio.h>
#include <kiln/program.h>
#include "posix.h"

typedef void (*constructor_t)(void);

/* From the linker script. */
extern const constructor_t __preinit_array_start[], __preinit_array_end[];
extern const constructor_t __init_array_start[], __init_array_end[];

int main(int argc, char **argv);

/*
 * What posix/ replaces and the C library itself calls. Naming it here takes it out of posix/'s
 * archive before the linker finds the C library's own; nothing refers to the section, so that
 * garbage collection drops it, and with it all that the program does not use. A program's own
 * definitions come before both.
 */
uint16_t __aarch64_swp2_relax(uint16_t value, uint16_t *word);

typedef void (*replacement_t)(void);
__attribute__((used,
               section(".rodata.kiln_replacements"))) static const replacement_t replacements[] = {
    (replacement_t)malloc,  (replacement_t)__retarget_lock_acquire,
    (replacement_t)fflush,  (replacement_t)fileno,
    (replacement_t)setvbuf, (replacement_t)fgets,
    (replacement_t)abort,   (replacement_t)__aarch64_swp2_relax,
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
