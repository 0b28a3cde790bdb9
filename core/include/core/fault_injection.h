/* Fault injection: the boot option, and what is told at the end of the run. Nothing without
 * FAULT_INJECTION. */
#ifndef CORE_FAULT_INJECTION_H
#define CORE_FAULT_INJECTION_H

/* Does what the boot option fail=FIRST[,COUNT] asks for. Boot. */
void core_fault_injection_begin(void);

/* Prints the count of allocations, and the first one of each path. Any context. */
void core_fault_injection_tell(void);

#endif
