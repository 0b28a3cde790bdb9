/* The program from its constructors to exit. */
#include <assert.h>
#include <stdlib.h>
#include <kiln/program.h>
#include <posix_library.h>
#include "posix.h"

typedef void (*constructor_t)(void);

/* From the linker script, where .init_array follows .preinit_array at once. */
extern const constructor_t __preinit_array_start[], __init_array_end[];

int main(int argc, char **argv);

/*
 * What posix/ replaces and the C library itself calls. Naming it here takes it out of posix/'s
 * archive before the linker finds the C library's own; nothing refers to the section, so that
 * garbage collection drops it, and with it all that the program does not use. A program's own
 * definitions come before both.
 */
typedef void (*replacement_t)(void);
__attribute__((used,
               section(".rodata.kiln_replacements"))) static const replacement_t replacements[] = {
    POSIX_REPLACEMENTS};

_Noreturn void kiln_program_start(int argc, char **argv)
{
    int status;

    for (const constructor_t *next = __preinit_array_start; next < __init_array_end; next++)
        (*next)();
    status = main(argc, argv);
    if (KILN_CONFIG_CHECK_LEAKS)
        kiln_posix_clear_stack();
    exit(status);
}
