/*
 * The heap against a model: every block's place, size and bytes are known from outside, so that an
 * overlap, a lost byte or a wrong alignment shows; and every way to misuse it must panic.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <isa/host.h>
#include <kiln/heap.h>
#include <kiln/panic.h>
#include <kiln/spinlock.h>
#include <kiln/system.h>
#include <mm/early.h>
#include "../target/tap.h"

#define RANGE_BYTES ((size_t)1 << 20)
#define RANGES      3
#define BLOCKS      400
#define STEPS       60000

static _Alignas(4096) char memory[RANGES][RANGE_BYTES];

/* What the heap stands on, for one thread. */
static jmp_buf panic_exit;
static bool panic_expected;
static char panic_text[200];

_Noreturn void kiln_panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(panic_text, sizeof(panic_text), format, arguments);
    va_end(arguments);
    if (panic_expected)
        longjmp(panic_exit, 1);
    printf("Bail out! panic: %s\n", panic_text);
    exit(1);
}

_Noreturn void kiln_assert_failed(const char *expression, const char *file, int line,
                                  const char *function)
{
    kiln_panic("%s:%d: %s: %s", file, line, function, expression);
}

static bool locked;

uintptr_t kiln_spin_lock(struct kiln_spinlock *lock)
{
    (void)lock;
    if (locked)
        kiln_panic("the heap's lock is taken twice");
    locked = true;
    return 0;
}

void kiln_spin_unlock(struct kiln_spinlock *lock, uintptr_t state)
{
    (void)lock;
    (void)state;
    locked = false;
}

uint64_t kiln_random(void)
{
    return UINT64_C(0x123456789ABCDEF1);
}

/* The model: what the program holds. */
struct held {
    unsigned char *data;
    size_t bytes;
    size_t alignment;
    unsigned char fill;
};
static struct held held[BLOCKS];
static unsigned violations;

static void violation(const char *what, const struct held *block)
{
    if (violations++ < 10)
        printf("# %s: %p, %zu bytes, aligned %zu\n", what, (void *)block->data, block->bytes,
               block->alignment);
}

static bool is_in_range(const struct held *block)
{
    uintptr_t start = (uintptr_t)memory, data = (uintptr_t)block->data;

    return data >= start && data + block->bytes <= start + sizeof(memory);
}

static void fill(struct held *block)
{
    memset(block->data, block->fill, kiln_heap_usable_bytes(block->data));
}

static void check(const struct held *block, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (block->data[i] != block->fill) {
            violation("contents changed", block);
            return;
        }
}

static void check_new(struct held *block)
{
    if (!block->data)
        return;
    if (!is_in_range(block))
        violation("outside the memory", block);
    if ((uintptr_t)block->data % block->alignment)
        violation("misaligned", block);
    if (kiln_heap_usable_bytes(block->data) < block->bytes)
        violation("too small", block);
    fill(block);
}

static size_t random_size(void)
{
    switch (rand() % 8) {
    case 0:
        return (size_t)rand() % 40000;
    case 1:
        return (size_t)rand() % 3000;
    default:
        return (size_t)rand() % 300;
    }
}

static void allocate(struct held *block)
{
    block->bytes = random_size();
    block->alignment = 16;
    block->fill = (unsigned char)rand();
    if (rand() % 4 == 0) {
        block->alignment = (size_t)1 << rand() % 14;
        block->data = kiln_heap_allocate_aligned(block->alignment, block->bytes);
    } else {
        block->data = kiln_heap_allocate(block->bytes);
    }
    check_new(block);
}

static void resize(struct held *block)
{
    size_t bytes = random_size();
    size_t kept = bytes < block->bytes ? bytes : block->bytes;
    unsigned char *data = kiln_heap_resize(block->data, bytes);

    if (!data) {
        check(block, block->bytes);
        return;
    }
    block->data = data;
    check(block, kept);
    block->bytes = bytes;
    block->alignment = 16;
    block->fill = (unsigned char)rand();
    check_new(block);
}

static void release(struct held *block)
{
    check(block, block->bytes);
    kiln_heap_free(block->data);
    block->data = NULL;
}

static void step(void)
{
    struct held *block = &held[rand() % BLOCKS];

    if (!block->data)
        allocate(block);
    else if (rand() % 3 == 0)
        resize(block);
    else
        release(block);
}

static void release_all(void)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        if (held[i].data)
            release(&held[i]);
}

/* After everything is freed, neighbours must have grown together again. */
static void run_random(unsigned seed, size_t largest)
{
    struct kiln_heap_stats stats;
    char what[80];

    srand(seed);
    violations = 0;
    for (unsigned i = 0; i < STEPS; i++)
        step();
    kiln_heap_get_stats(&stats);
    release_all();
    kiln_heap_get_stats(&stats);
    snprintf(what, sizeof(what), "%u random steps, seed %u", STEPS, seed);
    tap_check(violations == 0 && stats.blocks == 0 && stats.used_bytes == 0 &&
                  stats.largest_free_bytes == largest,
              what);
}

/* True if the call panics with that text. */
#define PANICS(call, text)                                                                         \
    do {                                                                                           \
        panic_expected = true;                                                                     \
        panic_text[0] = 0;                                                                         \
        if (setjmp(panic_exit) == 0)                                                               \
            call;                                                                                  \
        panic_expected = false;                                                                    \
        locked = false;                                                                            \
        if (!tap_check(strstr(panic_text, text) != NULL, #call " panics: " text))                  \
            printf("# it said: %s\n", panic_text);                                                 \
    } while (0)

static void test_limits(size_t largest)
{
    void *whole = kiln_heap_allocate(largest);
    void *other;

    TAP_CHECK(whole != NULL);
    kiln_heap_free(whole);
    TAP_CHECK(kiln_heap_allocate(largest + 1) == NULL);
    TAP_CHECK(kiln_heap_allocate(SIZE_MAX) == NULL);
    TAP_CHECK(kiln_heap_allocate(SIZE_MAX - 15) == NULL);
    TAP_CHECK(kiln_heap_allocate((size_t)PTRDIFF_MAX + 1) == NULL);
    TAP_CHECK(kiln_heap_allocate_aligned((size_t)1 << 62, 1) == NULL);
    TAP_CHECK(kiln_heap_allocate_aligned(64, PTRDIFF_MAX - 64) == NULL);
    whole = kiln_heap_allocate(0);
    other = kiln_heap_allocate(0);
    TAP_CHECK(whole && other && whole != other);
    TAP_CHECK(kiln_heap_resize(whole, SIZE_MAX) == NULL);
    kiln_heap_free(whole);
    kiln_heap_free(other);
    kiln_heap_free(NULL);
}

static void test_resize_in_place(void)
{
    char *block = kiln_heap_allocate(100);
    char *fence;

    TAP_CHECK(kiln_heap_resize(block, 5000) == block);
    fence = kiln_heap_allocate(16);
    TAP_CHECK(kiln_heap_resize(block, 200) == block);
    TAP_CHECK(kiln_heap_resize(block, 4900) == block);
    TAP_CHECK((fence = kiln_heap_resize(fence, 16)) != NULL);
    kiln_heap_free(block);
    kiln_heap_free(fence);
}

static void test_misuse(void)
{
    uint64_t *block = kiln_heap_allocate(100);
    uint64_t *next = kiln_heap_allocate(100);
    uint64_t *last = kiln_heap_allocate(100);
    uint64_t kept, on_stack[4] = {0};

    PANICS(kiln_heap_free(&on_stack[2]), "not an allocated block");
    PANICS(kiln_heap_free((char *)block + 8), "not an allocated block");
    PANICS(kiln_heap_free((char *)block + 16), "not an allocated block");
    PANICS(kiln_heap_resize((char *)block + 32, 50), "not an allocated block");
    PANICS(kiln_heap_usable_bytes(block + 4), "not an allocated block");

    kiln_heap_free(next);
    PANICS(kiln_heap_free(next), "freed twice");
    PANICS(kiln_heap_resize(next, 1), "freed twice");
    next = kiln_heap_allocate(100);

    kept = next[-2];
    next[-2] = 0x4141414141414141;
    PANICS(kiln_heap_free(block), "written beyond its end");
    PANICS(kiln_heap_resize(block, 1000), "written beyond its end");
    PANICS(kiln_heap_free(next), "overwritten from below");
    next[-2] = kept;

    kiln_heap_free(next);
    kept = next[1];
    next[1] = 0; /* as a memset after free would */
    PANICS(kiln_heap_free(block), "was written to");
    next[1] = kept;
    kiln_heap_free(last);

    host_cpu.in_interrupt = true;
    PANICS(kiln_heap_allocate(1), "arch_in_interrupt");
    PANICS(kiln_heap_free(block), "arch_in_interrupt");
    host_cpu.in_interrupt = false;
}

static void test_ranges(void)
{
    struct kiln_heap_stats stats;

    TAP_CHECK(kiln_heap_allocate(1) == NULL);
    mm_early_add_range((uintptr_t)memory[0] + 3, 60);
    kiln_heap_get_stats(&stats);
    TAP_EQUAL(stats.total_bytes, 0);
    mm_early_add_range((uintptr_t)memory[0], RANGE_BYTES);
    mm_early_add_range((uintptr_t)memory[1] + 5, RANGE_BYTES - 100);
    TAP_CHECK(kiln_heap_allocate(RANGE_BYTES) == NULL);
    mm_early_add_range((uintptr_t)memory[2] + 4096, RANGE_BYTES - 4096);
    kiln_heap_get_stats(&stats);
    TAP_CHECK(stats.total_bytes > 3 * RANGE_BYTES - 4096 - 200);
    TAP_EQUAL(stats.used_bytes, 0);
    TAP_EQUAL(stats.blocks, 0);
}

int main(int argc, char **argv)
{
    unsigned seed = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : (unsigned)time(NULL);
    struct kiln_heap_stats stats;

    printf("# seed %u: give it as the argument to run the same again\n", seed);
    mm_early_begin(0);
    test_ranges();
    kiln_heap_get_stats(&stats);
    test_limits(stats.largest_free_bytes);
    test_resize_in_place();
    run_random(1, stats.largest_free_bytes);
    run_random(seed, stats.largest_free_bytes);
    test_misuse();
    return tap_done();
}
