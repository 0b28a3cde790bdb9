/*
 * Leaks: blocks of the heap that are allocated still, and to which no pointer leads any more. A
 * build with CHECK_LEAKS (`./kiln run --check=leaks`) reports them when the program ends; in any
 * other these calls do nothing, and cost nothing.
 */
#ifndef KILN_LEAK_H
#define KILN_LEAK_H

#include <kiln/api.h>

KILN_BEGIN

#if KILN_CONFIG_CHECK_LEAKS

/**
 * Looks for leaks and reports them on the console, as at the end of the program. Returns how many
 * blocks are lost: directly, indirectly or possibly, suppressed ones not among them; 0 without
 * CHECK_LEAKS. Other CPUs stand still meanwhile, as soon as they take interrupts. Thread context,
 * interrupts on. Cost: n log n in blocks, and a few instructions for each word of memory in use.
 */
size_t kiln_leak_check(void);

/**
 * Says that a block is meant to stay: neither it nor what it leads to is ever reported. NULL is let
 * pass; any other address that no allocated block begins at panics. Thread context.
 */
void kiln_leak_ignore(const void *block);

/** What exit() calls last: kiln_leak_check(), and the status to end with, KILN_LEAK_STATUS in the
 * place of 0 if blocks are lost. Thread context. */
int kiln_leak_exit(int status);

#else

static inline size_t kiln_leak_check(void)
{
    return 0;
}

static inline void kiln_leak_ignore(const void *block)
{
    (void)block;
}

static inline int kiln_leak_exit(int status)
{
    return status;
}

#endif

/** The exit status of a program that returned 0 and has lost blocks: LeakSanitizer's. */
#define KILN_LEAK_STATUS 23

KILN_END

#endif
