/*
 * Contexts of a process, by ucontext. What is kept of one that does not run is on its own stack, as
 * on a real CPU. AddressSanitizer wants to be told which stack is in use, ThreadSanitizer who runs.
 */
#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/fp.h>
#include <string.h>
#include <ucontext.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/tsan_interface.h>
#ifndef __SANITIZE_ADDRESS__
#undef __asan_unpoison_memory_region
#define __asan_unpoison_memory_region(start, bytes)          (void)(start)
#define __sanitizer_start_switch_fiber(fake, bottom, bytes)  (void)(fake)
#define __sanitizer_finish_switch_fiber(fake, bottom, bytes) (void)(fake)
#endif
#ifndef __SANITIZE_THREAD__
#define __tsan_create_fiber(flags)           NULL
#define __tsan_get_current_fiber()           NULL
#define __tsan_switch_to_fiber(fiber, flags) (void)(fiber)
#define __tsan_destroy_fiber(fiber)          (void)(fiber)
#endif

struct kept {
    ucontext_t registers;
    void (*entry)(void);
    void *fake_stack; /* the sanitizer's, with the stack's place */
    const void *bottom;
    size_t bytes;
    void *fiber; /* the other sanitizer's */
};

static struct arch_context *running(void)
{
    return (struct arch_context *)host_cpu.thread;
}

/* On its own stack: that of the one that was left for good is not used any more. */
static void arrive(struct kept *here)
{
    struct kept *left = host_cpu.left;
    uint32_t *is_left = host_cpu.is_left;

    __sanitizer_finish_switch_fiber(here->fake_stack, &left->bottom, &left->bytes);
    if (!is_left)
        return;
    __tsan_destroy_fiber(left->fiber);
    host_cpu.is_left = NULL;
    __atomic_store_n(is_left, 1, __ATOMIC_RELEASE);
}

static void start(void)
{
    struct kept *here = (struct kept *)running()->sp;

    arrive(here);
    host_cpu.irqs_off = true;
    here->entry();
    host_halt();
}

/* Whoever used the stack before may have left without returning. A stack of 0 bytes is one that the
 * sanitizer's own swapcontext leaves alone. */
void arch_context_init(struct arch_context *context, uintptr_t stack_top, void (*entry)(void))
{
    char *bottom = (char *)stack_top - host_cpu.stack_bytes;
    struct kept *kept = (struct kept *)((stack_top - sizeof(*kept)) & ~(uintptr_t)63);

    __asan_unpoison_memory_region(bottom, host_cpu.stack_bytes);
    memset(kept, 0, sizeof(*kept));
    getcontext(&kept->registers);
    kept->registers.uc_stack.ss_sp = bottom;
    kept->registers.uc_stack.ss_size = (size_t)((char *)kept - bottom);
    makecontext(&kept->registers, start, 0);
    memset(&kept->registers.uc_stack, 0, sizeof(kept->registers.uc_stack));
    kept->entry = entry;
    kept->bottom = bottom;
    kept->bytes = host_cpu.stack_bytes;
    kept->fiber = __tsan_create_fiber(0);
    context->sp = (uintptr_t)kept;
    context->uses_fp = 0;
}

int arch_context_switch(struct arch_context *from, struct arch_context *to, uintptr_t irq_state)
{
    struct kept here = {.entry = NULL};
    struct kept *there = (struct kept *)to->sp;

    if (to != from) {
        from->sp = (uintptr_t)&here;
        here.fiber = __tsan_get_current_fiber();
        host_cpu.left = &here;
        host_cpu.thread = (struct kiln_thread *)to;
        host_cpu.tls = to->tls;
        host_cpu.fp_traps = !to->uses_fp;
        __sanitizer_start_switch_fiber(&here.fake_stack, there->bottom, there->bytes);
        __tsan_switch_to_fiber(there->fiber, 0);
        swapcontext(&here.registers, &there->registers);
        arrive(&here);
    }
    host_cpu.irqs_off = irq_state != 0;
    return (int)from->result;
}

/* The sanitizer forgets the stack of one that does not come back. */
_Noreturn void arch_context_leave(struct arch_context *to, uint32_t *is_left)
{
    struct kept *there = (struct kept *)to->sp;
    static _Thread_local struct kept nowhere;

    nowhere.fiber = __tsan_get_current_fiber();
    host_cpu.left = &nowhere;
    host_cpu.is_left = is_left;
    host_cpu.thread = (struct kiln_thread *)to;
    host_cpu.tls = to->tls;
    host_cpu.fp_traps = !to->uses_fp;
    __sanitizer_start_switch_fiber(NULL, there->bottom, there->bytes);
    __tsan_switch_to_fiber(there->fiber, 0);
    setcontext(&there->registers);
    host_halt();
}

size_t arch_fp_state_bytes(void)
{
    return sizeof(host_cpu.fp);
}

void arch_fp_state_init(void *state)
{
    memset(state, 0, sizeof(host_cpu.fp));
}

void arch_fp_save(void *state)
{
    memcpy(state, &host_cpu.fp, sizeof(host_cpu.fp));
}

void arch_fp_restore(const void *state)
{
    memcpy(&host_cpu.fp, state, sizeof(host_cpu.fp));
}

uint64_t *host_fp(void)
{
    if (host_cpu.fp_traps) {
        host_cpu.fp_traps = false;
        host_cpu.fp = 0;
        running()->uses_fp = 1;
    }
    return &host_cpu.fp;
}
