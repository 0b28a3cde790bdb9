/*
 * What the memory checker finds: the argument says which bug to make. Without one, all that is
 * right runs clean. Pointers are hidden from the compiler, which would know better.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <kiln.h>
#include "tap.h"

/* gcc would else make them functions that get the value, not the address. */
#ifdef __clang__
#define HIDDEN __attribute__((noinline))
#else
#define HIDDEN __attribute__((noinline, noclone))
#endif

static char *hide(void *pointer)
{
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}

static volatile char sink;

/* The accesses: functions of their own, that reports name. */
HIDDEN static void write_int(char *at)
{
    *(int *)(void *)at = 1;
}

HIDDEN static void write_byte(char *at)
{
    *at = 1;
}

HIDDEN static void read_byte(const char *at)
{
    sink = *at;
}

HIDDEN static char *new_block(size_t bytes)
{
    return hide(malloc(bytes));
}

HIDDEN static void drop(char *block)
{
    free(block);
}

static void heap_overflow(void)
{
    write_int(new_block(40) + 40);
}

static void heap_overflow_by_part(void)
{
    read_byte(new_block(13) + 13);
}

static void heap_underflow(void)
{
    read_byte(new_block(40) - 1);
}

static void heap_large(void)
{
    write_byte(new_block(100000) + 100000);
}

static void heap_zeroed(void)
{
    write_byte(hide(calloc(5, 7)) + 35);
}

static void heap_aligned(void)
{
    read_byte(hide(aligned_alloc(4096, 5000)) - 1);
}

static void use_after_free(void)
{
    char *block = new_block(40);

    drop(block);
    read_byte(block + 8);
}

static void use_after_realloc(void)
{
    char *block = new_block(40);

    sink = *hide(realloc(block, 60));
    write_byte(block);
}

static void double_free(void)
{
    char *block = new_block(24);

    drop(block);
    drop(block);
}

static void free_inside(void)
{
    drop(new_block(100) + 16);
}

static void free_stack(void)
{
    char array[40] = {0};

    drop(hide(array) + 16);
}

static int table[10];

static void free_global(void)
{
    drop(hide(table));
}

static void stack_overflow(void)
{
    char text[10] = {0};

    write_byte(hide(text) + sizeof(text));
}

static void stack_between(void)
{
    char first[16] = {0}, second[24] = {0};

    sink = *hide(first);
    read_byte(hide(second) - 1);
}

static void stack_scope(void)
{
    char *kept;
    {
        char inner[16] = {0};

        kept = hide(inner);
    }
    write_byte(kept);
}

HIDDEN static void stack_variable_length(size_t bytes)
{
    char array[bytes];

    write_byte(hide(array) + bytes);
}

static void stack_alloca(void)
{
    stack_variable_length((size_t)hide((void *)20));
}

static void global_overflow(void)
{
    write_int(hide(table) + sizeof(table));
}

static void string_copy(void)
{
    strcpy(new_block(8), hide("eight!!!"));
}

static void string_append(void)
{
    char *block = new_block(10);

    strcpy(block, hide("12345"));
    strcat(block, hide("67890"));
}

static void string_bounded(void)
{
    strncpy(new_block(8), hide("abc"), 9 + (size_t)(sink = 0));
}

static void string_format(void)
{
    sprintf(new_block(8), "%s=%d", hide("value"), 42);
}

static void string_length(void)
{
    char *block = new_block(8);

    memcpy(block, hide("no end.."), 8);
    sink = (char)strlen(block);
}

static void string_print(void)
{
    char *block = hide(strdup(hide("text")));

    drop(block);
    printf("%s\n", block);
}

static void memory_set(void)
{
    memset(new_block(32), 0, 33 + (size_t)(sink = 0));
}

static void memory_copy(void)
{
    memcpy(new_block(100), new_block(64), 65 + (size_t)(sink = 0));
}

static void cache_freed(void)
{
    static struct kiln_cache cache = KILN_CACHE_INIT("things", 48, 8, NULL);
    char *thing = hide(kiln_cache_allocate(&cache));

    kiln_cache_free(&cache, thing);
    write_byte(thing + 8);
}

static void cache_overflow(void)
{
    static struct kiln_cache cache = KILN_CACHE_INIT("things", 48, 8, NULL);

    write_byte(hide(kiln_cache_allocate(&cache)) + 48);
}

static void page_freed(void)
{
    char *page = hide(kiln_page_alloc(0, 0));

    kiln_page_free(page, 0);
    write_byte(page + 100);
}

static void console_write(void)
{
    char *block = new_block(6);

    memcpy(block, "text\n", 6);
    drop(block);
    kiln_console_write(block, 5);
}

static char *handlers_block;

static KILN_INTERRUPT_HANDLER void in_handler(void *unused)
{
    (void)unused;
    write_byte(handlers_block + 8);
}

static void handler(void)
{
    handlers_block = new_block(8);
    kiln_cpu_call(1, in_handler, NULL);
}

/* Here and below, since the expectations name the lines above. */
#include "run_on_stack.h"

static bool was_on_stack;

HIDDEN static void use_text(void)
{
    char text[100] = {0};

    snprintf(hide(text), sizeof(text), "%s", "on a stack above RAM");
    was_on_stack = strlen(text) == 20;
}

/* A stack in addresses of its own, whose shadow is made with it. */
static void other_stack(void)
{
    struct kiln_stack stack;

    if (kiln_stack_create(16384, "other", &stack) == 0)
        run_on_stack(&stack, use_text);
    if (was_on_stack)
        run_on_stack(&stack, stack_overflow);
}

#include "check_memory_clean.h"

static const struct {
    const char *name;
    void (*run)(void);
} kinds[] = {
    {"heap-overflow", heap_overflow},
    {"heap-overflow-by-part", heap_overflow_by_part},
    {"heap-underflow", heap_underflow},
    {"heap-large", heap_large},
    {"heap-zeroed", heap_zeroed},
    {"heap-aligned", heap_aligned},
    {"use-after-free", use_after_free},
    {"use-after-realloc", use_after_realloc},
    {"double-free", double_free},
    {"free-inside", free_inside},
    {"free-stack", free_stack},
    {"free-global", free_global},
    {"stack-overflow", stack_overflow},
    {"stack-between", stack_between},
    {"stack-scope", stack_scope},
    {"stack-alloca", stack_alloca},
    {"other-stack", other_stack},
    {"global-overflow", global_overflow},
    {"string-copy", string_copy},
    {"string-append", string_append},
    {"string-bounded", string_bounded},
    {"string-format", string_format},
    {"string-length", string_length},
    {"string-print", string_print},
    {"memory-set", memory_set},
    {"memory-copy", memory_copy},
    {"cache-freed", cache_freed},
    {"cache-overflow", cache_overflow},
    {"page-freed", page_freed},
    {"console-write", console_write},
    {"handler", handler},
};

int main(int argc, char **argv)
{
    if (argc == 1)
        return run_clean();
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, argv[1]) == 0)
            kinds[i].run();
    puts("nothing was found");
    return 1;
}
