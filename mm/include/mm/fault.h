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

#define FAULT_DEPTH 8u

/* A path by which allocations come. */
struct fault_path {
    uint64_t first; /* the number of its first allocation */
    uintptr_t
        callers[FAULT_DEPTH]; /* return addresses, the innermost first; 0: there are no more */
};

/* The nth path, in the order of their hashes, from 0 on; NULL: there are not so many. */
const struct fault_path *fault_path(unsigned n);

#endif
