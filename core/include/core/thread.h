/* The inside of a thread. */
#ifndef CORE_THREAD_H
#define CORE_THREAD_H

#include <kiln/thread.h>

struct kiln_thread {
    const char *name;
    uintptr_t stack_bottom; /* lowest address; the pages around the stack are not mapped */
    uintptr_t stack_top;
    void *tls;                /* thread pointer of the ELF TLS ABI */
    unsigned cpu;             /* where it runs */
    struct kiln_thread *next; /* registry: kiln_thread_list */
};

/* All threads, for debuggers and panics. Changed only while the other CPUs do not run yet. */
extern struct kiln_thread *kiln_thread_list;

/* Gives the boot CPU's thread its stack and thread-local data. 0 or -ENOMEM. Boot. */
int core_thread_create_main(void);

#define CORE_IDLE_STACK_BYTES ((size_t)4096)

/* The idle thread of another CPU, on a stack of so many bytes; NULL when memory is used up. Boot
 * CPU, before that CPU runs. */
struct kiln_thread *core_thread_create_idle(unsigned cpu, uintptr_t stack);

/* Stacks of so many whole pages one above another, with an unmapped page below and above each;
 * their lowest addresses. 0 or -ENOMEM. Boot. */
int core_boot_stacks(const size_t *bytes, uintptr_t *bottoms, unsigned count);

/* Where a thread's thread-local data are. Any context. */
void core_thread_tls(const struct kiln_thread *thread, uintptr_t *start, uintptr_t *end);

#endif
