/*
 * Exceptions in words. Encodings: Arm ARM (DDI 0487), ESR_EL1 and its ISS encodings.
 */
#include <arch/cpu.h>
#include <arch/frame.h>
#include <arch/upcall.h>
#include <isa/fp.h>
#include <isa/frame.h>
#include <kiln/config.h>

#define ESR_CLASS(esr)    ((unsigned)((esr) >> 26) & 0x3F)
#define ESR_TYPE(esr)     ((unsigned)((esr) >> 2) & 0xF) /* of an access's fault */
#define ISS_IS_WRITE      (1u << 6)
#define ISS_IS_CACHE      (1u << 8)
#define ISS_NO_ADDRESS    (1u << 10)
#define TYPE_TRANSLATION  1
#define TYPE_PERMISSION   3
#define TYPE_ALIGNMENT    8
#define CLASS_UNDEFINED   0x00
#define CLASS_FP          0x07
#define CLASS_ILLEGAL     0x0E
#define CLASS_SYSTEM_CALL 0x15
#define CLASS_FETCH       0x21
#define CLASS_PC          0x22
#define CLASS_DATA        0x25
#define CLASS_SP          0x26
#define CLASS_SERROR      0x2F
#define CLASS_BRK         0x3C

#define BRK_GCC_TRAP      1000   /* __builtin_trap() of gcc */
#define BRK_CLANG_TRAP    1      /* and of clang */
#define BRK_CLANG_UBSAN   0x5500 /* clang: + kind of check */

/* From vectors.S: an exception of a thread. */
void isa_exception(struct arch_frame *frame);
void isa_exception(struct arch_frame *frame)
{
    if (ESR_CLASS(frame->esr) == CLASS_FP)
        isa_fp_first_use();
    else
        core_fault(frame);
}

/* Classes, and their names in the same order, one behind the other. */
static const uint8_t classes[] = {CLASS_UNDEFINED, CLASS_ILLEGAL, CLASS_SYSTEM_CALL,
                                  CLASS_SP,        CLASS_SERROR,  CLASS_BRK};
static const char class_names[] = "undefined instruction\0"
                                  "illegal execution state\0"
                                  "system call: there is no operating system\0"
                                  "unaligned stack pointer\0"
                                  "asynchronous external abort: an earlier access was rejected\0"
                                  "breakpoint instruction\0"
                                  "unknown exception";

/* An exception that is not the fault of an access. */
static const char *event(unsigned class, unsigned number)
{
    const char *name = class_names;
    if (class == CLASS_FP)
        return "floating-point or SIMD register used in an interrupt handler";
    if (class == CLASS_BRK && (number == BRK_GCC_TRAP || number == BRK_CLANG_TRAP ||
                               (number & 0xFF00) == BRK_CLANG_UBSAN))
        return "trap: a __builtin_trap() or undefined behaviour";
    for (unsigned i = 0; i < sizeof classes && classes[i] != class; i++)
        while (*name++)
            ;
    return name;
}

/* What memory is that an access failed at; `otherwise` when all it lacks is a permission. */
static const char *memory(unsigned type, const char *otherwise)
{
    if (type == TYPE_ALIGNMENT)
        return "an unaligned address";
    if (type == TYPE_TRANSLATION)
        return "unmapped memory";
    if (type == 0 || type > TYPE_PERMISSION)
        return "what does not answer (external abort)";
    return otherwise;
}

void arch_frame_print_fault(const struct arch_frame *frame, arch_print_t print)
{
    uint64_t esr = frame->esr;
    unsigned class = ESR_CLASS(esr);
    unsigned type = ESR_TYPE(esr);
    const char *action = "read from ", *otherwise = "protected memory";
    if (class == CLASS_FETCH || class == CLASS_PC) {
        action = "jump to ";
        otherwise = "data";
        if (class == CLASS_PC)
            type = TYPE_ALIGNMENT;
    } else if (class != CLASS_DATA) {
        print("%s (code 0x%zx)", event(class, esr & 0xFFFF), esr);
        return;
    } else if (esr & ISS_IS_WRITE) {
        action = "write to ";
        otherwise = "read-only memory";
    }
    print(esr & ISS_NO_ADDRESS ? "%s%s" : "%s%s at 0x%zx", action, memory(type, otherwise),
          frame->far);
}

bool arch_frame_is_access(const struct arch_frame *frame, uintptr_t *address)
{
    unsigned class = ESR_CLASS(frame->esr);
    unsigned type = ESR_TYPE(frame->esr);
    *address = frame->far;
    return (class == CLASS_DATA || class == CLASS_FETCH) && type >= TYPE_TRANSLATION &&
           type <= TYPE_PERMISSION;
}

/* Cache maintenance counts as a write in the ISS. */
enum arch_access arch_frame_access(const struct arch_frame *frame)
{
    if (ESR_CLASS(frame->esr) == CLASS_FETCH)
        return ARCH_ACCESS_FETCH;
    return (frame->esr & (ISS_IS_WRITE | ISS_IS_CACHE)) == ISS_IS_WRITE ? ARCH_ACCESS_WRITE
                                                                        : ARCH_ACCESS_READ;
}

/* kiln_panic is one instruction, so that the registers hold its arguments (AAPCS64, 6.4.2 and
 * appendix B: va_list). */
const char *arch_frame_panic(struct arch_frame *frame, va_list *arguments)
{
    extern char arch_panic_instruction[];
    if (frame->pc != (uintptr_t)arch_panic_instruction)
        return NULL;
    frame->pc = frame->lr - 4;
    arguments->__stack = (void *)frame->sp;
    arguments->__gr_top = &frame->x[8];
    arguments->__gr_offs = -7 * (int)sizeof frame->x[0];
    return (const char *)frame->x[0];
}

/* In the order of struct arch_frame. */
void arch_frame_dump(const struct arch_frame *frame, arch_print_t print)
{
    static const char names[][4] = {"lr ", "fp ", "pc ", "sp ", "psr", "esr", "far"};
    const uint64_t *words = (const uint64_t *)frame;
    unsigned x = 0, other = 0;
    for (unsigned i = 0; i < sizeof *frame / sizeof *words; i++) {
        if (i < FRAME_LR / 8 || (i >= FRAME_X19 / 8 && i < FRAME_ESR / 8))
            print("  x%-2u %016zx", x++, words[i]);
        else
            print("  %s %016zx", names[other++], words[i]);
        if (i % 4 == 3)
            print("\n");
    }
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
