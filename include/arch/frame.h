/* The arch contract: what an exception or interrupt saved, and walking the stack. Any context. */
#ifndef ARCH_FRAME_H
#define ARCH_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arch_frame;

/* One line or more into a caller's formatter: printf-like, but the runtime's own. */
typedef void (*arch_print_t)(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline uintptr_t arch_frame_pc(const struct arch_frame *frame);
static inline uintptr_t arch_frame_sp(const struct arch_frame *frame);
static inline uintptr_t arch_frame_fp(const struct arch_frame *frame);

/* The link register, in which a function without a frame has its return address; 0 on an ISA that
 * has none. */
static inline uintptr_t arch_frame_link(const struct arch_frame *frame);

/* Prints all registers. */
void arch_frame_dump(const struct arch_frame *frame, arch_print_t print);

/* What an exception was, in words that need no manual: action, then what. */
struct arch_fault {
    const char *action; /* "write to ", "jump to ", ..., or "" */
    const char *what;   /* "unmapped memory", "undefined instruction", ... */
    uintptr_t address;  /* the address at fault, when has_address */
    bool has_address;
    bool is_access; /* a load, store or fetch of an address that is not mapped for it */
    uint64_t code;  /* the CPU's own word for it, for those who have the manual */
};

/* Decodes the exception of a frame. */
struct arch_fault arch_frame_fault(const struct arch_frame *frame);

/* True when arch_semihost_exit() met neither a debugger nor an emulator. */
bool arch_frame_is_semihost(const struct arch_frame *frame);

/* One step of a backtrace: frame pointer in, caller's pc and frame pointer out. The caller has
 * checked that fp can be read (arch_backtrace_record_bytes from fp). */
struct arch_backtrace_step {
    uintptr_t pc;
    uintptr_t fp;
};
static inline struct arch_backtrace_step arch_backtrace_next(uintptr_t fp);
static inline uintptr_t arch_frame_pointer(void);

#include <isa/frame.h>

#endif
