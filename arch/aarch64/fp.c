/* The state that fp.S saves, and a thread's first use of it. */
#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/fp.h>
#include <isa/fp.h>
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

void isa_fp_first_use(void)
{
    _Alignas(ARCH_FP_STATE_ALIGN) char clean[STATE_BYTES];
    struct arch_context *context = (struct arch_context *)arch_thread_self();

    arch_fp_trap(false);
    arch_fp_state_init(clean);
    arch_fp_restore(clean);
    context->uses_fp = 1;
}
