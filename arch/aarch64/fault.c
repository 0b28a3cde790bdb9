/*
 * Exceptions in words. Encodings: Arm ARM (DDI 0487), ESR_EL1 and its ISS encodings.
 */
#include <arch/cpu.h>
#include <arch/frame.h>
#include <isa/frame.h>

#define ESR_CLASS(esr)    ((unsigned)((esr) >> 26) & 0x3F)
#define ISS_FAULT(esr)    ((unsigned)(esr) & 0x3F)
#define ISS_IS_WRITE      (1u << 6)
#define ISS_NO_ADDRESS    (1u << 10)
#define FAULT_TYPE(fault) ((fault) >> 2)
#define FAULT_TRANSLATION 1
#define FAULT_ACCESS_FLAG 2
#define FAULT_PERMISSION  3
#define FAULT_EXTERNAL    0x10
#define FAULT_ALIGNMENT   0x21
#define CLASS_FP_TRAPPED  0x07
#define CLASS_FETCH       0x21
#define CLASS_PC          0x22
#define CLASS_DATA        0x25
#define CLASS_SP          0x26
#define CLASS_SERROR      0x2F
#define CLASS_BRK         0x3C
#define CLASS_UNDEFINED   0x00

#define BRK_GCC_TRAP      1000   /* __builtin_trap() of gcc */
#define BRK_CLANG_TRAP    1      /* and of clang */
#define BRK_CLANG_UBSAN   0x5500 /* clang: + kind of check */
#define NULL_PAGE         4096

static const struct {
    uint8_t class;
    const char *what;
} classes[] = {
    {CLASS_UNDEFINED, "undefined instruction"},
    {CLASS_FP_TRAPPED, "floating-point or SIMD register used in an interrupt handler"},
    {0x0E, "illegal execution state"},
    {0x15, "system call (svc): there is no operating system below"},
    {0x16, "hypervisor call (hvc) that nobody answers"},
    {0x17, "secure monitor call (smc) that nobody answers"},
    {0x18, "access to a system register that is not there"},
    {0x30, "hardware breakpoint"},
    {0x32, "single step"},
    {0x34, "hardware watchpoint"},
    {CLASS_SERROR, "asynchronous external abort: a device or memory rejected an earlier access"},
};

static const char *data_fault(unsigned fault, bool is_write)
{
    switch (FAULT_TYPE(fault)) {
    case FAULT_TRANSLATION:
        return is_write ? "write to unmapped memory" : "read from unmapped memory";
    case FAULT_PERMISSION:
    case FAULT_ACCESS_FLAG:
        return is_write ? "write to read-only memory" : "read from protected memory";
    }
    if (fault == FAULT_ALIGNMENT)
        return is_write ? "unaligned write" : "unaligned read";
    return is_write ? "external abort: nothing accepts a write"
                    : "external abort: nothing answers a read";
}

static const char *fetch_fault(unsigned fault)
{
    switch (FAULT_TYPE(fault)) {
    case FAULT_TRANSLATION:
        return "jump to unmapped memory";
    case FAULT_PERMISSION:
    case FAULT_ACCESS_FLAG:
        return "jump into data";
    }
    return "external abort: nothing answers an instruction fetch";
}

static const char *null_access(unsigned class, bool is_write)
{
    if (class == CLASS_FETCH)
        return "null dereference: call of a null function pointer";
    return is_write ? "null dereference: write" : "null dereference: read";
}

static const char *breakpoint(unsigned number)
{
    if (number == BRK_GCC_TRAP || number == BRK_CLANG_TRAP)
        return "trap: a __builtin_trap() or an undefined-behaviour check";
    if ((number & 0xFF00) == BRK_CLANG_UBSAN)
        return "undefined behaviour found by a compiled-in check";
    return "breakpoint instruction";
}

static const char *class_name(unsigned class)
{
    for (unsigned i = 0; i < sizeof classes / sizeof *classes; i++)
        if (classes[i].class == class)
            return classes[i].what;
    return "unknown exception";
}

struct arch_fault arch_frame_fault(const struct arch_frame *frame)
{
    unsigned class = ESR_CLASS(frame->esr);
    unsigned fault = ISS_FAULT(frame->esr);
    bool is_write = class == CLASS_DATA && (frame->esr & ISS_IS_WRITE);
    struct arch_fault result = {.code = frame->esr, .address = frame->far};
    if (class == CLASS_DATA || class == CLASS_FETCH) {
        result.has_address = !(frame->esr & ISS_NO_ADDRESS);
        result.is_access = FAULT_TYPE(fault) >= 1 && FAULT_TYPE(fault) <= 3;
        if (result.is_access && frame->far < NULL_PAGE)
            result.what = null_access(class, is_write);
        else
            result.what = class == CLASS_DATA ? data_fault(fault, is_write) : fetch_fault(fault);
    } else if (class == CLASS_PC || class == CLASS_SP) {
        result.has_address = true;
        result.address = class == CLASS_PC ? frame->far : frame->sp;
        result.what = class == CLASS_PC ? "jump to an unaligned address" : "unaligned stack pointer";
    } else if (class == CLASS_BRK) {
        result.what = breakpoint(frame->esr & 0xFFFF);
    } else {
        result.what = class_name(class);
    }
    return result;
}

bool arch_frame_is_semihost(const struct arch_frame *frame)
{
    extern char arch_semihost_instruction[];
    return ESR_CLASS(frame->esr) == CLASS_UNDEFINED &&
           frame->pc == (uintptr_t)arch_semihost_instruction;
}

static void dump_register(unsigned n, uint64_t value, arch_print_t print)
{
    print("%s%sx%-2u %016llx", n % 4 ? "" : "\n", "  ", n, (unsigned long long)value);
}

void arch_frame_dump(const struct arch_frame *frame, arch_print_t print)
{
    print("  pc  %016llx  lr  %016llx  sp  %016llx  fp  %016llx\n", (unsigned long long)frame->pc,
          (unsigned long long)frame->lr, (unsigned long long)frame->sp,
          (unsigned long long)frame->fp);
    print("  pstate %08llx  esr %08llx  far %016llx", (unsigned long long)frame->pstate,
          (unsigned long long)frame->esr, (unsigned long long)frame->far);
    for (unsigned n = 0; n < 19; n++)
        dump_register(n, frame->x[n], print);
    for (unsigned n = 19; n < 29; n++)
        dump_register(n, frame->saved[n - 19], print);
    print("\n");
}

/* SYS_EXIT_EXTENDED: "Semihosting for AArch32 and AArch64", 5.6. */
void arch_semihost_exit(int status)
{
    const uint64_t block[2] = {0x20026 /* ADP_Stopped_ApplicationExit */, (uint64_t)status};
    register uint64_t operation __asm__("x0") = 0x20;
    register const uint64_t *argument __asm__("x1") = block;
    __asm__ volatile(".global arch_semihost_instruction\n\t.hidden arch_semihost_instruction\n"
                     "arch_semihost_instruction: hlt #0xf000"
                     : "+r"(operation)
                     : "r"(argument), "m"(block)
                     : "memory");
}
