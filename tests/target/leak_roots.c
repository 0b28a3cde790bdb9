/* Everywhere that a program may have its only pointer to a block: the block is not lost then, and
 * is when the pointer goes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <kiln.h>
#include "tap.h"

#define PAGE ((size_t)4096)

/* Addresses are kept as their complement, which is none. */
static uintptr_t hidden;
static void *in_data = &hidden;
static void *in_bss;
static void *in_noinit KILN_NOINIT;
static _Thread_local void *volatile in_tls;

static __attribute__((noinline)) void hide_block(void)
{
    void *block = malloc(100);

    TAP_NEED(block);
    hidden = ~(uintptr_t)block;
}

static __attribute__((noinline)) void put_block(void *volatile *place)
{
    *place = (void *)~hidden;
}

static __attribute__((noinline)) void free_block(void)
{
    free((void *)~hidden);
}

/* Two points for each place. */
static void check_place(const char *what, void *volatile *place)
{
    hide_block();
    put_block(place);
    if (!tap_check(kiln_leak_check() == 0, what))
        printf("# %p in %p\n", *place, (void *)place);
    *place = NULL;
    TAP_EQUAL(kiln_leak_check(), 1);
    free_block();
}

static void check_stack(void)
{
    void *volatile here[1];

    check_place("a pointer on the stack", here);
}

/* Below the stack pointer, where nobody's variables are any more. */
static __attribute__((noinline)) void leave_on_stack(void)
{
    void *volatile below[64];

    for (int i = 0; i < 64; i++)
        put_block(&below[i]);
}

static void check_old_stack(void)
{
    hide_block();
    leave_on_stack();
    TAP_EQUAL(kiln_leak_check(), 1);
    free_block();
}

/* A register that functions keep for their callers. */
static void check_register(void)
{
    size_t with, without;

    hide_block();
#ifdef __x86_64__
    register uintptr_t only asm("r12");
#else
    register uintptr_t only asm("x27");
#endif
    __asm__ volatile("" : "=r"(only) : "0"(~hidden));
    with = kiln_leak_check();
    __asm__ volatile("" : "+r"(only));
    __asm__ volatile("" : "=r"(only) : "0"((uintptr_t)0));
    without = kiln_leak_check();
    __asm__ volatile("" : "+r"(only));
    tap_check(with == 0, "a pointer in a register");
    TAP_EQUAL(without, 1);
    free_block();
}

static void check_pages(void)
{
    void **block = kiln_page_alloc(1, 0), **exact = kiln_page_alloc_exact(3, 0);
    char *mapped =
        mmap(NULL, 600 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    TAP_NEED(block && exact && mapped != MAP_FAILED);
    memset(block, 0, 2 * PAGE);
    memset(exact, 0, 3 * PAGE);
    check_place("a pointer in a block of pages", block + 1023);
    check_place("a pointer in exact pages", exact + 3 * PAGE / sizeof(*exact) - 1);
    check_place("a pointer in a mapped page", (void **)(mapped + 599 * PAGE));
    hide_block();
    put_block(block);
    put_block(exact);
    kiln_page_free(block, 1);
    kiln_page_free_exact(exact, 3);
    TAP_EQUAL(kiln_leak_check(), 1);
    free_block();
    munmap(mapped, 600 * PAGE);
}

struct object {
    void *pointers[10];
};
static KILN_CACHE(objects, struct object, NULL);

static void check_cache(void)
{
    struct object *one = kiln_cache_allocate(&objects), *other = kiln_cache_allocate(&objects);

    TAP_NEED(one && other);
    memset(one, 0, sizeof(*one));
    check_place("a pointer in an object of a cache", &one->pointers[9]);
    hide_block();
    put_block(&other->pointers[5]);
    kiln_cache_free(&objects, other);
    if (KILN_CONFIG_HEAP_HARDENED) /* else nobody knows which objects are free */
        TAP_EQUAL(kiln_leak_check(), 1);
    else
        memset(other, 0, sizeof(*other));
    free_block();
    kiln_cache_free(&objects, one);
}

static void check_blocks(void)
{
    in_bss = calloc(3, sizeof(void *));
    TAP_NEED(in_bss);
    check_place("a pointer in a block", (void *volatile *)in_bss + 2);
    in_bss = realloc(in_bss, 70000);
    TAP_NEED(in_bss);
    memset(in_bss, 0, 70000);
    check_place("a pointer in a large block", (void *volatile *)in_bss + 8749);
    free(in_bss);
    in_bss = NULL;
}

static __attribute__((noinline)) void make_large(void)
{
    void *block = aligned_alloc(16384, 50000);

    TAP_NEED(block);
    memset(block, 0, 50000);
    hidden = ~(uintptr_t)block;
}

static void check_large(void)
{
    make_large();
    put_block(&in_bss);
    TAP_EQUAL(kiln_leak_check(), 0);
    in_bss = (char *)in_bss + 49999;
    TAP_EQUAL(kiln_leak_check(), 1);
    in_bss = (char *)in_bss + 1;
    TAP_EQUAL(kiln_leak_check(), 1);
    in_bss = NULL;
    free_block();
}

static void handle(void *argument)
{
    (void)argument;
}

static void check_handler(void)
{
    hide_block();
    kiln_irq_attach(17, handle, (void *)~hidden);
    tap_check(kiln_leak_check() == 0, "the argument of an interrupt's handler");
    kiln_irq_detach(17);
    TAP_EQUAL(kiln_leak_check(), 1);
    free_block();
}

int main(void)
{
    in_noinit = NULL;
    check_place("a pointer in .data", &in_data);
    check_place("a pointer in .bss", &in_bss);
    check_place("a pointer in .noinit", &in_noinit);
    check_place("a pointer in thread-local data", &in_tls);
    check_stack();
    check_old_stack();
    check_register();
    check_pages();
    check_cache();
    check_blocks();
    check_large();
    check_handler();
    return tap_done();
}
