/* Instructions that cannot be carried out. */
#include "crash.h"
#include <kiln.h>

#if defined(__aarch64__)
#define UNDEFINED          __asm__ volatile("udf #0")
#define BREAKPOINT         __asm__ volatile("brk #7")
#define SYSTEM_CALL        __asm__ volatile("svc #0")
#define SET_STACK(address) __asm__ volatile("mov sp, %0\n\tstr xzr, [sp, #-16]!" : : "r"(address))
#define EXCLUSIVE(address) __asm__ volatile("ldxr x9, [%0]" : : "r"(address) : "x9", "memory")
#elif defined(__x86_64__)
#define UNDEFINED          __asm__ volatile(".byte 0x06") /* push %es, which 64-bit mode lacks */
#define BREAKPOINT         __asm__ volatile("int3")
#define SYSTEM_CALL        __asm__ volatile("int $0x80")
#define SET_STACK(address) __asm__ volatile("mov %0, %%rsp\n\tpush $0" : : "r"(address))
#define EXCLUSIVE(address) __asm__ volatile("movaps (%0), %%xmm0" : : "r"(address) : "xmm0")
#endif

static void undefined(void)
{
    UNDEFINED;
}

static void breakpoint(void)
{
    BREAKPOINT;
}

static void system_call(void)
{
    SYSTEM_CALL;
}

static void trap(void)
{
    __builtin_trap();
}

/* Plain unaligned accesses to memory work; an atomic one does not. */
static void unaligned(void)
{
    static uint64_t words[4];
    EXCLUSIVE((uintptr_t)words + 3);
}

static void unaligned_jump(void)
{
    ((void (*)(void))hide((uintptr_t)unaligned_jump + 2))();
    STAY;
}

static void lost_stack(void)
{
    SET_STACK(hide(0x3000000000));
}

static void unaligned_stack(void)
{
    volatile char here;
    SET_STACK(hide(((uintptr_t)&here & ~(uintptr_t)15) - 1024 + 8));
}

const struct crash instruction_crashes[] = {
    {"undefined", "an undefined instruction", undefined},
    {"breakpoint", "a breakpoint without a debugger", breakpoint},
    {"system-call", "call an operating system that is not there", system_call},
    {"trap", "what a compiler makes of undefined behaviour", trap},
    {"unaligned", "an atomic access to an odd address", unaligned},
    {"unaligned-jump", "jump between two instructions", unaligned_jump},
    {"lost-stack", "point the stack pointer at nothing", lost_stack},
    {"unaligned-stack", "misalign the stack pointer (QEMU does not mind)", unaligned_stack},
    {0},
};
