/* The arch contract: what an exception or interrupt saved, and walking the stack. Any context. */
#ifndef ARCH_FRAME_H
#define ARCH_FRAME_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arch_frame;

/* One line or more into a caller's formatter: printf-like, but the runtime's own. */
typedef void (*arch_print_t)(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline uintptr_t arch_frame_pc(const struct arch_frame *frame);
static inline uintptr_t arch_frame_fp(const struct arch_frame *frame);

/* The link register, in which a function without a frame has its return address; 0 on an ISA that
 * has none. */
static inline uintptr_t arch_frame_link(const struct arch_frame *frame);

/* Prints all registers. */
void arch_frame_dump(const struct arch_frame *frame, arch_print_t print);

/* Prints what an exception was, in words that need no manual, and the address or the CPU's own word
 * for it. */
void arch_frame_print_fault(const struct arch_frame *frame, arch_print_t print);

/* True for a load, store or fetch of an address that is not mapped for it. */
bool arch_frame_is_access(const struct arch_frame *frame, uintptr_t *address);

/* What an access that arch_frame_is_access() knows was for. */
enum arch_access { ARCH_ACCESS_READ, ARCH_ACCESS_WRITE, ARCH_ACCESS_FETCH };
enum arch_access arch_frame_access(const struct arch_frame *frame);

/* True when it was a thread that was interrupted, false of boot or a handler. */
static inline bool arch_frame_is_thread(const struct arch_frame *frame);

/*
 * kiln_panic() is an exception of arch's own, so that a report has all registers as they were: its
 * format and arguments, or NULL for any other exception. The frame's pc then is where it was
 * called.
 */
const char *arch_frame_panic(struct arch_frame *frame, va_list *arguments);

/* True when arch_semihost_exit() met neither a debugger nor an emulator. */
static inline bool arch_frame_is_semihost(const struct arch_frame *frame);

/* One step of a backtrace: frame pointer in, caller's pc and frame pointer out; both 0 when fp
 * points to no frame record that can be read. */
struct arch_backtrace_step {
    uintptr_t pc;
    uintptr_t fp;
};
static inline struct arch_backtrace_step arch_backtrace_next(uintptr_t fp);

/* The first of a context that does not run: the function that has left it, by its `sp` and
 * `uses_fp`. */
static inline uintptr_t arch_context_record(uintptr_t sp, uint64_t uses_fp);

#include <isa/frame.h>

#endif
