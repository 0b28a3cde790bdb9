/* The program's own functions of main.c, without a header that would tell their usual types. */
#include "names.h"

#define MINE(name, number)                                                                         \
    int name(void);                                                                                \
    int name(void)                                                                                 \
    {                                                                                              \
        own_calls++;                                                                               \
        return (number);                                                                           \
    }

int own_calls;

/* Names inside the runtime. */
MINE(list_add, 1)
MINE(page_alloc, 2)
MINE(put, 3)
MINE(uart_init, 4)
MINE(core_boot, 5)
MINE(board_putc, 6)
MINE(arch_mmu_map, 7)
MINE(irq_mask, 8)
MINE(mm_early_allocate, 9)
MINE(format_print, 10)
MINE(fdt_next, 11)
MINE(vectors, 12)
MINE(map, 13)
MINE(panic, 14)
MINE(halt, 15)

/* Names of POSIX. */
MINE(send, 101)
MINE(open, 102)
MINE(close, 103)
MINE(read, 104)
MINE(write, 105)
MINE(lseek, 106)
MINE(isatty, 107)
MINE(fstat, 108)
MINE(stat, 109)
MINE(kill, 110)
MINE(getpid, 111)
MINE(sleep, 112)
MINE(nanosleep, 113)
MINE(gettimeofday, 114)
MINE(clock_gettime, 115)
MINE(times, 116)
MINE(unlink, 117)
MINE(getentropy, 118)
MINE(sysconf, 119)
MINE(fdopen, 120)

int own_names_inside(void)
{
    return list_add() + page_alloc() + put() + uart_init() + core_boot() + board_putc() +
           arch_mmu_map() + irq_mask() + mm_early_allocate() + format_print() + fdt_next() +
           vectors() + map() + panic() + halt();
}

int own_names_of_posix(void)
{
    return send() + open() + close() + read() + write() + lseek() + isatty() + fstat() + stat() +
           kill() + getpid() + sleep() + nanosleep() + gettimeofday() + clock_gettime() + times() +
           unlink() + getentropy() + sysconf() + fdopen();
}
