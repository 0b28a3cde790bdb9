/* Faults that mappings mend: memory on demand, and copies of what is written after a snapshot. */
#ifndef MM_VM_H
#define MM_VM_H

#include <arch/frame.h>

/*
 * What core asks of a fault before it reports a bug; NULL until the first range is reserved, so
 * that a program without ranges carries nothing of it. Without `print`, mends the cause: true when
 * it has. With it, says in a word or two what the address is, in front of what the CPU says. An
 * exception's handler, interrupts masked, about 1 KiB of stack.
 */
extern bool (*mm_fault_hook)(const struct arch_frame *frame, arch_print_t print);

#endif
