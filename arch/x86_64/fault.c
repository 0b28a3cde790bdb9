/*
 * Exceptions in words: Intel SDM volume 3, 6.15 "Exception and Interrupt Reference"; the error code
 * of a page fault: 4.7.
 */
#include "features.h"
#include <arch/cpu.h>
#include <arch/frame.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/upcall.h>
#include <kiln/config.h>
#include <x86_64/cpuid.h>
#include <x86_64/port.h>

#define VECTOR_NMI          2
#define VECTOR_OPCODE       6
#define VECTOR_NO_DEVICE    7
#define VECTOR_PAGE         14
#define VECTOR_SYSTEM_CALL  0x80

#define ERROR_PRESENT       1u
#define ERROR_WRITE         2u
#define ERROR_RESERVED      8u
#define ERROR_FETCH         16u

#define PORT_NMI_REASON     0x61
#define NMI_REASON_ERROR    0xC0u /* parity or system error, I/O channel check */

#define PORT_EXIT_STATUS    0x502 /* QEMU's isa-debugcon: what is written there is the status */
#define PORT_DEBUG_EXIT     0x501 /* and isa-debug-exit ends the run */

#define UD2                 0x0B0F /* __builtin_trap() of gcc and clang */
#define UD1                 0xB90F /* clang's traps of UBSan, behind a prefix */
#define ADDRESS_SIZE_PREFIX 0x67

/* By vector, one behind the other. */
static const char names[] = "division by zero, or its quotient is too large\0"
                            "debug exception\0"
                            "non-maskable interrupt: the hardware reports an error\0"
                            "breakpoint instruction\0"
                            "overflow\0"
                            "bounds exceeded\0"
                            "undefined instruction\0"
                            "floating-point or SIMD register used in an interrupt handler\0"
                            "double fault: no stack for an exception\0"
                            "coprocessor segment overrun\0"
                            "invalid task state segment\0"
                            "segment not present\0"
                            "stack segment fault\0"
                            "general protection fault: no such address, or not allowed\0"
                            "page fault\0"
                            "reserved exception\0"
                            "floating-point error (x87)\0"
                            "unaligned access\0"
                            "machine check: the hardware reports an error\0"
                            "floating-point error (SIMD)\0"
                            "virtualisation exception\0"
                            "control-flow protection\0"
                            "unknown exception";
#define NAMED 22u

static const char *name_of(unsigned vector)
{
    const char *name = names;
    for (unsigned i = 0; i < vector && i < NAMED; i++)
        while (*name++)
            ;
    return name;
}

static bool is_trap(const struct arch_frame *frame)
{
    const uint8_t *code = (const uint8_t *)frame->rip;
    if (frame->vector != VECTOR_OPCODE || !isa_is_readable_memory(frame->rip, 3))
        return false;
    code += code[0] == ADDRESS_SIZE_PREFIX;
    return (code[0] | code[1] << 8) == UD2 || (code[0] | code[1] << 8) == UD1;
}

/* An exception that is not the fault of an access. */
static const char *event(const struct arch_frame *frame)
{
    unsigned vector = frame->vector;
    if (vector == VECTOR_SYSTEM_CALL)
        return "system call: there is no operating system";
    if (is_trap(frame))
        return "trap: a __builtin_trap() or undefined behaviour";
    return name_of(vector);
}

/* What memory is that an access failed at; `otherwise` when all it lacks is a permission. */
static const char *memory(uint32_t error, const char *otherwise)
{
    if (!(error & ERROR_PRESENT))
        return "unmapped memory";
    return error & ERROR_RESERVED ? "a corrupt page table" : otherwise;
}

void arch_frame_print_fault(const struct arch_frame *frame, arch_print_t print)
{
    const char *action = "read from ", *otherwise = "protected memory";
    if (frame->vector != VECTOR_PAGE) {
        print("%s (code 0x%x)", event(frame), frame->error);
        return;
    }
    if (frame->error & ERROR_FETCH) {
        action = "jump to ";
        otherwise = "data";
    } else if (frame->error & ERROR_WRITE) {
        action = "write to ";
        otherwise = "read-only memory";
    }
    print("%s%s at 0x%zx", action, memory(frame->error, otherwise), frame->cr2);
}

bool arch_frame_is_access(const struct arch_frame *frame, uintptr_t *address)
{
    *address = frame->cr2;
    return frame->vector == VECTOR_PAGE && !(frame->error & ERROR_RESERVED);
}

enum arch_access arch_frame_access(const struct arch_frame *frame)
{
    if (frame->error & ERROR_FETCH)
        return ARCH_ACCESS_FETCH;
    return frame->error & ERROR_WRITE ? ARCH_ACCESS_WRITE : ARCH_ACCESS_READ;
}

/* System V ABI for AMD64, 3.5.7: va_list. kiln_panic is one instruction, so that the registers hold
 * its arguments, and the return address is on top of the stack; the call before it has 5 bytes. */
const char *arch_frame_panic(struct arch_frame *frame, va_list *arguments)
{
    extern char arch_panic_instruction[];
    if (frame->rip != (uintptr_t)arch_panic_instruction)
        return NULL;
    const uint64_t *stack = (const uint64_t *)frame->rsp;
    frame->rip = *stack - 5;
    (*arguments)->gp_offset = sizeof frame->arguments[0];
    (*arguments)->fp_offset = sizeof frame->arguments;
    (*arguments)->reg_save_area = frame->arguments;
    (*arguments)->overflow_arg_area = (void *)(stack + 1);
    return (const char *)frame->arguments[0];
}

void arch_frame_dump(const struct arch_frame *frame, arch_print_t print)
{
    static const char order[][4] = {"cr2", "rbx", "r12", "r13", "r14", "r15", "rdi", "rsi",
                                    "rdx", "rcx", "r8 ", "r9 ", "rax", "r10", "r11", "err",
                                    "rbp", "rip", "cs ", "rfl", "rsp", "ss "};
    const uint64_t *words = (const uint64_t *)frame;
    for (unsigned i = 0; i < sizeof order / sizeof order[0]; i++) {
        uint64_t word = i == FRAME_VECTOR / 8 ? frame->error : words[i];
        print("  %s %016zx%s", order[i], word, i % 4 == 3 || i == 21 ? "\n" : "");
    }
}

bool isa_is_readable_memory(uintptr_t address, size_t bytes)
{
    for (uintptr_t page = address & ~(ARCH_PAGE_BYTES - 1); page < address + bytes;
         page += ARCH_PAGE_BYTES) {
        enum arch_mapping kind = arch_mmu_query(&arch_boot_space, page).kind;
        if (kind == ARCH_MAP_NONE || kind == ARCH_MAP_DEVICE)
            return false;
    }
    return true;
}

/* A call is E8 and 32 bits, or FF with /2 in its second, third, fourth, sixth or seventh last byte.
 */
static bool follows_call(const uint8_t *code)
{
    if (code[-5] == 0xE8)
        return true;
    for (unsigned bytes = 2; bytes <= 7; bytes++)
        if (code[-(int)bytes] == 0xFF && (code[1 - (int)bytes] & 0x38) == 0x10)
            return true;
    return false;
}

uintptr_t isa_frame_return_address(const struct arch_frame *frame)
{
    if (frame->rsp % sizeof(uintptr_t) || !isa_is_readable_memory(frame->rsp, sizeof(uintptr_t)))
        return 0;
    uintptr_t address = *(const uintptr_t *)frame->rsp;
    if (address < 8 || !isa_is_readable_memory(address - 7, 8))
        return 0;
    return follows_call((const uint8_t *)address) ? address : 0;
}

/* What vectors.S calls for every exception. */
void isa_exception(struct arch_frame *frame);
void isa_exception(struct arch_frame *frame)
{
    if (frame->vector == VECTOR_NO_DEVICE && arch_frame_is_thread(frame))
        isa_fp_first_use();
    else if (frame->vector == VECTOR_NMI && !(port_read8(PORT_NMI_REASON) & NMI_REASON_ERROR))
        core_nmi(frame);
    else
        core_fault(frame);
}

/* On a real PC nobody is at these ports, and none is asked. */
void arch_semihost_exit(int status)
{
    if (!cpuid_is_hypervised())
        return;
    port_write8(PORT_EXIT_STATUS, (uint8_t)status);
    port_write8(PORT_DEBUG_EXIT, (uint8_t)status);
}
