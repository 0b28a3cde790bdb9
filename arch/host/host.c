/* The fake ISA's state, and what of the arch contract is not inline. */
#include <arch/cache.h>
#include <arch/cpu.h>
#include <arch/frame.h>
#include <arch/mmu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct host_cpu host_cpu = {.counter_hz = 62500000, .stack_bytes = 32 * 1024};

void host_idle(void)
{
    if (!host_cpu.alarm_on)
        host_halt();
    if (host_cpu.counter < host_cpu.alarm)
        host_cpu.counter = host_cpu.alarm;
    host_interrupt(0);
}

void host_interrupt(uint32_t hint)
{
    if (!host_cpu.interrupt || host_cpu.irqs_off)
        return;
    host_cpu.in_interrupt = true;
    host_cpu.irqs_off = true;
    uintptr_t instead = host_cpu.interrupt(hint);
    host_cpu.in_interrupt = false;
    if (instead)
        ((void (*)(void))instead)();
    host_cpu.irqs_off = false;
}

_Noreturn void host_halt(void)
{
    fputs("host: the CPU stopped for good\n", stderr);
    abort();
}

/* The same in every run, so that a failing test fails again. */
uint64_t arch_entropy(void)
{
    return UINT64_C(0x9E3779B97F4A7C15);
}

void arch_semihost_exit(int status)
{
    exit(status);
}

void arch_cache_clean(const void *start, size_t bytes)
{
    (void)start;
    (void)bytes;
}

void arch_cache_invalidate(void *start, size_t bytes)
{
    (void)start;
    (void)bytes;
}

void arch_cache_clean_invalidate(void *start, size_t bytes)
{
    (void)start;
    (void)bytes;
}

void arch_cache_sync_code(const void *start, size_t bytes)
{
    __builtin___clear_cache((char *)start, (char *)start + bytes);
}

void arch_page_clear(void *page)
{
    memset(page, 0, ARCH_PAGE_BYTES);
}

void arch_frame_dump(const struct arch_frame *frame, arch_print_t print)
{
    print("pc %p sp %p fp %p\n", (void *)frame->pc, (void *)frame->sp, (void *)frame->fp);
}

void arch_frame_print_fault(const struct arch_frame *frame, arch_print_t print)
{
    print("host fault at %p", (void *)frame->pc);
}

bool arch_frame_is_access(const struct arch_frame *frame, uintptr_t *address)
{
    *address = frame->address;
    return frame->is_access;
}

enum arch_access arch_frame_access(const struct arch_frame *frame)
{
    return frame->access;
}

const char *arch_frame_panic(struct arch_frame *frame, va_list *arguments)
{
    (void)frame;
    (void)arguments;
    return NULL;
}
