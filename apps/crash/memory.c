/* Wrong addresses. */
#include "crash.h"
#include <kiln.h>
#include <stdlib.h>

static const int constant = 42;
static int variable = 7;

static void null_read(void)
{
    (void)*(volatile int *)hide(0);
}

static void null_write(void)
{
    *(volatile int *)hide(8) = 1;
}

static void null_call(void)
{
    ((void (*)(void))hide(0))();
    STAY;
}

static void unmapped_read(void)
{
    (void)*(volatile int *)hide(0x3000000000);
}

static void unmapped_write(void)
{
    *(volatile int *)hide(0x3000000000) = 1;
}

static void constant_write(void)
{
    *(volatile int *)hide((uintptr_t)&constant) = 1;
}

static void code_write(void)
{
    *(volatile int *)hide((uintptr_t)code_write) = 1;
}

static void jump_to_data(void)
{
    ((void (*)(void))hide((uintptr_t)&variable))();
    STAY;
}

static void jump_to_stack(void)
{
    uint32_t code[4] = {0};
    ((void (*)(void))hide((uintptr_t)code))();
    STAY;
}

static void jump_to_heap(void)
{
    void *block = malloc(64);
    ((void (*)(void))hide((uintptr_t)block))();
    STAY;
}

static void jump_to_nowhere(void)
{
    ((void (*)(void))hide(0x3000000000))();
    STAY;
}

static int recurse(volatile int depth)
{
    volatile char space[512];
    space[0] = (char)depth;
    return recurse(depth + 1) + space[0];
}

static void stack_overflow(void)
{
    recurse(0);
}

static void smash_stack(void)
{
    char array[16];
    volatile char *end = (volatile char *)hide((uintptr_t)array);
    for (int i = 0; i < 64; i++)
        end[i] = 'x';
}

static void double_free(void)
{
    void *block = malloc(32);
    free(block);
    free((void *)hide((uintptr_t)block));
    STAY;
}

static void invalid_free(void)
{
    free((void *)hide((uintptr_t)&variable));
    STAY;
}

const struct crash memory_crashes[] = {
    {"null-read", "read through a null pointer", null_read},
    {"null-write", "write to a member of a null structure", null_write},
    {"null-call", "call a null function pointer", null_call},
    {"unmapped-read", "read where nothing is mapped", unmapped_read},
    {"unmapped-write", "write where nothing is mapped", unmapped_write},
    {"constant-write", "write to a constant", constant_write},
    {"code-write", "write to code", code_write},
    {"jump-data", "run data", jump_to_data},
    {"jump-stack", "run the stack", jump_to_stack},
    {"jump-heap", "run the heap", jump_to_heap},
    {"jump-nowhere", "jump where nothing is mapped", jump_to_nowhere},
    {"stack-overflow", "recurse without end", stack_overflow},
    {"smash-stack", "write beyond a local array", smash_stack},
    {"double-free", "free a block twice", double_free},
    {"invalid-free", "free what was never allocated", invalid_free},
    {0},
};
