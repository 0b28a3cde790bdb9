/*
 * What mm/ stands on, for one thread of a test: a panic that the test can expect, spinlocks that
 * must not be taken twice, and random numbers that are the same in every run.
 */
#ifndef PANIC_SUPPORT_H
#define PANIC_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <isa/host.h>
#include <kiln/panic.h>
#include <kiln/spinlock.h>
#include <kiln/system.h>
#include "../target/tap.h"

static jmp_buf panic_exit;
static bool panic_expected;
static char panic_text[200];
static const void *locks_held[4];

_Noreturn void kiln_panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(panic_text, sizeof(panic_text), format, arguments);
    va_end(arguments);
    if (panic_expected)
        longjmp(panic_exit, 1);
    printf("Bail out! panic: %s\n", panic_text);
    fflush(stdout);
    abort();
}

_Noreturn void kiln_assert_failed(const char *expression, const char *file, int line,
                                  const char *function)
{
    kiln_panic("%s:%d: %s: %s", file, line, function, expression);
}

static const void **lock_place(const void *lock)
{
    for (unsigned i = 0; i < sizeof(locks_held) / sizeof(locks_held[0]); i++)
        if (locks_held[i] == lock)
            return &locks_held[i];
    kiln_panic("%s", lock ? "a lock is released that is not held" : "too many locks are held");
}

uintptr_t kiln_spin_lock(struct kiln_spinlock *lock)
{
    for (unsigned i = 0; i < sizeof(locks_held) / sizeof(locks_held[0]); i++)
        if (locks_held[i] == lock)
            kiln_panic("a lock is taken twice");
    *lock_place(NULL) = lock;
    return 0;
}

void kiln_spin_unlock(struct kiln_spinlock *lock, uintptr_t state)
{
    (void)state;
    *lock_place(lock) = NULL;
}

uint64_t kiln_random(void)
{
    static uint64_t last = UINT64_C(0x123456789ABCDEF1);

    return last += UINT64_C(0x9E3779B97F4A7C15);
}

/* One point: the call panics with that text. */
#define PANICS(call, text)                                                                         \
    do {                                                                                           \
        panic_expected = true;                                                                     \
        panic_text[0] = 0;                                                                         \
        if (setjmp(panic_exit) == 0)                                                               \
            call;                                                                                  \
        panic_expected = false;                                                                    \
        memset(locks_held, 0, sizeof(locks_held));                                                 \
        host_cpu.irqs_off = false;                                                                 \
        if (!tap_check(strstr(panic_text, text) != NULL, #call " panics: " text))                  \
            printf("# it said: %s\n", panic_text);                                                 \
    } while (0)

#endif
