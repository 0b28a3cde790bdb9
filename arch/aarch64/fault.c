/*
 * Exceptions in words. Encodings: Arm ARM (DDI 0487), ESR_EL1 and its ISS encodings.
 */
#include <arch/cpu.h>
#include <arch/frame.h>
#include <isa/frame.h>

#define ESR_CLASS(esr)    ((unsigned)((esr) >> 26) & 0x3F)
#define ISS_FAULT(esr)    (0x3F & (unsigned)(esr))
#define ISS_IS_WRITE      (1u << 6)
#define ISS_NO_ADDRESS    (1u << 10)
#define FAULT_TYPE(fault) ((fault) >> 2)
#define FAULT_TRANSLATION 1
#define FAULT_PERMISSION  3
#define FAULT_ALIGNMENT   0x21
#define CLASS_UNDEFINED   0x00
#define CLASS_FETCH       0x21
#define CLASS_PC          0x22
#define CLASS_DATA        0x25
#define CLASS_SP          0x26
#define CLASS_BRK         0x3C

#define BRK_GCC_TRAP      1000   /* __builtin_trap() of gcc */
#define BRK_CLANG_TRAP    1      /* and of clang */
#define BRK_CLANG_UBSAN   0x5500 /* clang: + kind of check */

/* Classes, and their names in the same order, one behind the other. */
static const uint8_t classes[] = {CLASS_UNDEFINED, 0x07, 0x0E, 0x15, 0x16, 0x17, 0x18, 0x2F};
static const char class_names[] =
    "undefined instruction\0"
    "floating-point or SIMD register used in an interrupt handler\0"
    "illegal execution state\0"
    "system call (svc): there is no operating system below\0"
    "hypervisor call (hvc) that nobody answers\0"
    "secure monitor call (smc) that nobody answers\0"
    "system register that is not to be accessed\0"
    "asynchronous external abort: a device or memory rejected an earlier access\0"
    "unknown exception";

static const char *class_name(unsigned class)
{
    const char *name = class_names;
    for (unsigned i = 0; i < sizeof classes && classes[i] != class; i++)
        while (*name++)
            ;
    return name;
}

static const char *breakpoint(unsigned number)
{
    if (number == BRK_GCC_TRAP || number == BRK_CLANG_TRAP || (number & 0xFF00) == BRK_CLANG_UBSAN)
        return "trap: a __builtin_trap() or an undefined-behaviour check";
    return "breakpoint instruction";
}

/* What was wrong with an access of memory: is_write and is_fetch tell which. */
static void describe_access(struct arch_fault *result, unsigned fault, bool is_write, bool is_fetch)
{
    result->action = is_fetch ? "jump to " : is_write ? "write to " : "read from ";
    if (fault == FAULT_ALIGNMENT)
        result->what = "an unaligned address";
    else if (FAULT_TYPE(fault) == FAULT_TRANSLATION)
        result->what = "unmapped memory";
    else if (FAULT_TYPE(fault) > FAULT_PERMISSION || FAULT_TYPE(fault) == 0)
        result->what = "what does not answer (external abort)";
    else
        result->what = is_fetch ? "data" : is_write ? "read-only memory" : "protected memory";
}

struct arch_fault arch_frame_fault(const struct arch_frame *frame)
{
    unsigned class = ESR_CLASS(frame->esr);
    unsigned fault = ISS_FAULT(frame->esr);
    bool is_fetch = class == CLASS_FETCH || class == CLASS_PC;
    struct arch_fault result = {.action = "", .code = frame->esr, .address = frame->far};
    if (class == CLASS_DATA || class == CLASS_FETCH) {
        describe_access(&result, fault, frame->esr & ISS_IS_WRITE, is_fetch);
        result.has_address = !(frame->esr & ISS_NO_ADDRESS);
        result.is_access =
            FAULT_TYPE(fault) >= FAULT_TRANSLATION && FAULT_TYPE(fault) <= FAULT_PERMISSION;
    } else if (class == CLASS_PC || class == CLASS_SP) {
        describe_access(&result, FAULT_ALIGNMENT, false, is_fetch);
        result.has_address = true;
        if (!is_fetch) {
            result.action = "use of a stack pointer with ";
            result.address = frame->sp;
        }
    } else {
        result.what = class == CLASS_BRK ? breakpoint(frame->esr & 0xFFFF) : class_name(class);
    }
    return result;
}

bool arch_frame_is_semihost(const struct arch_frame *frame)
{
    extern char arch_semihost_instruction[];
    return ESR_CLASS(frame->esr) == CLASS_UNDEFINED &&
           frame->pc == (uintptr_t)arch_semihost_instruction;
}

void arch_frame_dump(const struct arch_frame *frame, arch_print_t print)
{
    print("  pc  %016zx  lr  %016zx  sp  %016zx  fp  %016zx\n"
          "  pstate %08zx  esr %08zx  far %016zx",
          frame->pc, frame->lr, frame->sp, frame->fp, frame->pstate, frame->esr, frame->far);
    for (unsigned n = 0; n < 29; n++)
        print("%s  x%-2u %016zx", n % 4 ? "" : "\n", n,
              n < 19 ? frame->x[n] : frame->saved[n - 19]);
    print("\n");
}

/* SYS_EXIT_EXTENDED: "Semihosting for AArch32 and AArch64", 5.6. */
void arch_semihost_exit(int status)
{
    const uint64_t block[2] = {0x20026 /* ADP_Stopped_ApplicationExit */, (uint64_t)status};
    register uint64_t operation asm("x0") = 0x20;
    register const uint64_t *argument asm("x1") = block;
    __asm__ volatile(".global arch_semihost_instruction\n\t.hidden arch_semihost_instruction\n"
                     "arch_semihost_instruction: hlt #0xf000"
                     : "+r"(operation)
                     : "r"(argument), "m"(block)
                     : "memory");
}
