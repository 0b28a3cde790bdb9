/* What mm/ stands on in a process that has it in malloc's place: one range of memory. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <board.h>
#include <arch/mmu.h>
#include <kiln/cpu.h>
#include <kiln/panic.h>
#include <kiln/system.h>
#include <mm/early.h>

#define MEMORY_BYTES ((size_t)1 << 30)

const struct board_facts board_facts;
struct arch_space arch_boot_space;

_Noreturn void kiln_panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    abort();
}

uint64_t kiln_random(void)
{
    static uint64_t last = UINT64_C(0x123456789ABCDEF1);

    return last += UINT64_C(0x9E3779B97F4A7C15);
}

/* Before anybody allocates. */
static __attribute__((constructor(101))) void give_memory(void)
{
    void *memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        abort();
    mm_early_begin(0);
    mm_early_close();
    mm_early_add_range((uintptr_t)memory, MEMORY_BYTES);
}
