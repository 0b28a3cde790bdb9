/* Fault injection, as mm/ asks for it and core switches it on and reports it. */
#ifndef MM_FAULT_H
#define MM_FAULT_H

#include <kiln/fault.h>

/* Counts an allocation; true: it is to fail. */
bool fault_count(void);

/* The same, for the calls that allocate: nothing without FAULT_INJECTION. Any context. */
static inline bool fault_hits(void)
{
    return KILN_CONFIG_FAULT_INJECTION && __builtin_expect(fault_count(), 0);
}

/* From here on the first allocation of each path fails. */
void fault_fail_each_path(void);

/* The number of the first allocation by the nth path, in the order of their hashes, from 0 on; 0:
 * there are not so many. */
uint64_t fault_path(unsigned n);

#endif
