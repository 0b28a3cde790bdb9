/* The state that fp.S saves. */
#include <arch/fp.h>
#include <string.h>

#define STATE_BYTES 528u

size_t arch_fp_state_bytes(void)
{
    return STATE_BYTES;
}

/* Zeros in FPCR: round to nearest, no traps. */
void arch_fp_state_init(void *state)
{
    memset(state, 0, STATE_BYTES);
}
