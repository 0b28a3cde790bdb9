/* The host: the page that tests/target/string.c finds in front of the interrupt stack. */
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096

__attribute__((used)) static _Alignas(PAGE) unsigned char pages[3 * PAGE];

__asm__(".globl __irq_stack_guard, __irq_stack_bottom\n"
        ".set __irq_stack_guard, pages + 4096\n"
        ".set __irq_stack_bottom, pages + 8192\n");

static void protect(int protection)
{
    if (mprotect(pages + PAGE, PAGE, protection))
        abort();
}

__attribute__((constructor)) static void unmap_guard(void)
{
    protect(PROT_NONE);
}

/* The search for leaks, behind main, reads all variables. */
__attribute__((destructor)) static void map_guard(void)
{
    protect(PROT_READ);
}
