/* Addresses above RAM, and faults there: memory on demand, copies of what is written after a
 * snapshot, guards of stacks. */
#ifndef MM_VM_H
#define MM_VM_H

#include <arch/frame.h>
#include <kiln/config.h>

/* Of all addresses, the upper ones have neither RAM nor devices: a part of this size is for
 * kiln/vm.h's ranges, and the upper part of that, of this size, for kiln/stack.h's stacks. */
#define MM_RANGES_SHARE 4
#define MM_STACKS_SHARE 16

/*
 * What core asks of a fault before it reports a bug; NULL until the first range is reserved or the
 * first stack created, so that other programs carry nothing of it. Without `print`, mends the
 * cause: true when it has. With it, says in a word or two what the address is, in front of what the
 * CPU says. An exception's handler, interrupts masked, about 1 KiB of stack.
 */
typedef bool (*mm_fault_hook_t)(const struct arch_frame *frame, arch_print_t print);
extern mm_fault_hook_t mm_fault_hook;

/* Puts one in front; it asks the one that is returned, if any, of what it does not know. */
static inline mm_fault_hook_t mm_fault_hook_add(mm_fault_hook_t hook)
{
    if (KILN_CONFIG_SMP)
        return __atomic_exchange_n(&mm_fault_hook, hook, __ATOMIC_ACQ_REL);
    mm_fault_hook_t next = mm_fault_hook;
    mm_fault_hook = hook;
    return next;
}

#endif
