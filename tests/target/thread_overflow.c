/*
 * A thread whose stack is full but for some words is interrupted, and is to be left for another
 * one: an overflow of its stack. With an argument a thread overflows the stack that was made for it
 * by calls.
 */
#include <kiln.h>
#include <stdio.h>

static int recurse(volatile int depth)
{
    volatile char space[256];

    space[0] = (char)depth;
    return recurse(depth + 1) + space[0];
}

static void *call_deeply(void *depth)
{
    return (void *)(intptr_t)recurse((int)(intptr_t)depth);
}

static int overflow_by_calls(void)
{
    struct kiln_thread *before, *deep;

    if (kiln_thread_create(&before, KILN_THREAD_ATTRIBUTES(.name = "before", .is_suspended = true),
                           call_deeply, NULL) ||
        kiln_thread_create(&deep, KILN_THREAD_ATTRIBUTES(.name = "deep"), call_deeply, NULL))
        return 1;
    kiln_thread_join(deep, NULL);
    return 0;
}

static void *fill_stack(void *bottom)
{
#ifdef __x86_64__
    __asm__ volatile("movq %0, %%rsp\n"
                     "1:\tpause\n\t"
                     "jmp 1b"
                     :
                     : "r"((uintptr_t)bottom + 32));
#else
    /* The interrupt has no room to say where it came: the last call tells the function. */
    __asm__ volatile("mov sp, %0\n\t"
                     "bl 1f\n"
                     "1:\tyield\n\t"
                     "b 1b"
                     :
                     : "r"((uintptr_t)bottom + 32)
                     : "x30");
#endif
    return NULL;
}

int main(int argc, char **argv)
{
    static KILN_SEMAPHORE(never, 0);
    struct kiln_stack stack;
    size_t bytes = 4096;

    (void)argv;
    if (argc > 1)
        return overflow_by_calls();
    if (kiln_stack_create(bytes, "narrow", &stack) ||
        kiln_thread_create(NULL,
                           KILN_THREAD_ATTRIBUTES(.name = "narrow", .stack = (void *)stack.bottom,
                                                  .stack_bytes = bytes, .is_detached = true,
                                                  .priority = KILN_PRIORITY_DEFAULT - 1),
                           fill_stack, (void *)stack.bottom))
        return 1;
    for (int i = 0; i < 100; i++)
        kiln_semaphore_wait_until(&never, kiln_time_after(1000 * 1000));
    puts("the thread was left");
    return 0;
}
