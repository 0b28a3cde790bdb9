/* What is right, and has to run without a report: part of check_memory.c. */
#ifndef CHECK_MEMORY_CLEAN_H
#define CHECK_MEMORY_CLEAN_H

#include "run_on_cpu.h"

#define ROUNDS 3000u

static jmp_buf escape;

/* Leaves frames with redzones behind, which later frames may lie in. */
HIDDEN static void leave(unsigned depth)
{
    char array[40] = {0};

    write_byte(hide(array) + 39);
    if (depth > 0)
        leave(depth - 1);
    longjmp(escape, 1);
}

HIDDEN static bool use_stack(void)
{
    char array[3000];

    memset(hide(array), 0x5a, sizeof(array));
    return array[2999] == 0x5a;
}

HIDDEN static size_t vary(size_t bytes)
{
    char array[bytes];

    memset(hide(array), 1, bytes);
    return sizeof(array) + (size_t)array[bytes - 1];
}

/* More than RAM has, in blocks that are held back for a while. */
static bool churn(void)
{
    size_t bytes = kiln_ram_bytes() / ROUNDS * 2;

    for (unsigned i = 0; i < ROUNDS; i++) {
        char *block = hide(malloc(bytes));

        if (!block)
            return false;
        block[0] = block[bytes - 1] = 1;
        free(block);
    }
    return true;
}

#define BLOCKS 64u

static char *passed_on; /* from one CPU to the next, whole; atomic */

/* Takes the place of the last block that somebody passed on, which has its size in front. */
static bool pass_on(uint32_t random)
{
    size_t bytes = sizeof(size_t) + (random & 0x3ff);
    char *block = malloc(bytes);

    if (!block)
        return false;
    memset(block, 0x77, bytes);
    memcpy(block, &bytes, sizeof(bytes));
    block = __atomic_exchange_n(&passed_on, block, __ATOMIC_ACQ_REL);
    if (!block)
        return true;
    memcpy(&bytes, block, sizeof(bytes));
    bool is_whole = bytes == sizeof(bytes) || block[bytes - 1] == 0x77;

    free(block);
    return is_whole;
}

/* Random sizes, to their last byte. */
static bool mix(unsigned cpu, unsigned rounds)
{
    static char *blocks_of[CPUS][BLOCKS];
    static size_t sizes_of[CPUS][BLOCKS];
    char **blocks = blocks_of[cpu];
    size_t *sizes = sizes_of[cpu];
    uint32_t random = cpu + 1;
    bool is_right = true;

    for (unsigned i = 0; i < rounds; i++) {
        unsigned at = (random = random * 1664525 + 1013904223) >> 26;
        size_t bytes = random >> 8 & 0x7ff;

        for (size_t k = 0; blocks[at] && k < sizes[at]; k += sizes[at] / 3 + 1)
            is_right &= blocks[at][k] == (char)(at + cpu);
        blocks[at] = at % 3 ? realloc(blocks[at], bytes) : (free(blocks[at]), malloc(bytes));
        if (!blocks[at] || !pass_on(random))
            return false;
        memset(blocks[at], (int)(at + cpu), bytes);
        sizes[at] = bytes;
    }
    for (unsigned at = 0; at < BLOCKS; at++)
        free(blocks[at]);
    return is_right;
}

static bool was_right[CPUS]; /* each its CPU's until it has finished */

static void mix_on_cpu(unsigned cpu)
{
    was_right[cpu] = mix(cpu, ROUNDS / kiln_cpu_count());
}

static bool mix_on_all(void)
{
    bool are_right = true;

    for (unsigned cpu = 1; cpu < kiln_cpu_count(); cpu++)
        run_on_cpu(cpu, mix_on_cpu);
    mix_on_cpu(0);
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++) {
        if (cpu)
            wait_for_cpu(cpu);
        are_right &= was_right[cpu];
    }
    return are_right;
}

static bool objects(void)
{
    static struct kiln_cache cache = KILN_CACHE_INIT("clean", 40, 8, NULL);
    char *all[200];

    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 200; i++) {
            all[i] = kiln_cache_allocate(&cache);
            if (!all[i])
                return false;
            memset(all[i], (int)i, 40);
        }
        for (unsigned i = 0; i < 200; i++)
            kiln_cache_free(&cache, all[i]);
    }
    return true;
}

static bool pages(void)
{
    for (unsigned order = 0; order <= 8; order++) {
        char *block = kiln_page_alloc(order, KILN_PAGE_ZERO);

        if (!block)
            return false;
        memset(block, 1, (size_t)4096 << order);
        kiln_page_free(block, order);
    }
    return true;
}

static bool strings(void)
{
    char text[32];

    strcpy(text, hide("one"));
    strcat(text, hide(", two"));
    strncat(text, hide(", three, four"), 7);
    snprintf(text + strlen(text), sizeof(text) - strlen(text), " %d %s", 4,
             hide("and so on, and on"));
    return strcmp(text, "one, two, three 4 and so on, and") < 0 && strlen(text) == 31 &&
           strchr(text, 't') == text + 5 && strrchr(text, 't') == text + 10 &&
           memchr(text, 'x', 31) == NULL && strncmp(text, "one!", 3) == 0 &&
           strnlen(text, 5) == 5 && stpcpy(text, hide("end")) == text + 3;
}

static int run_clean(void)
{
    unsigned depth = 20;

    if (setjmp(escape) == 0)
        leave(depth);
    tap_check(use_stack(), "the stack is usable after longjmp");
    TAP_EQUAL(vary(100) + vary(7) + vary(64), 174);
    tap_check(churn(), "blocks of twice all RAM come and go");
    tap_check(mix_on_all(), "blocks of all sizes, of all CPUs, hold what they should");
    tap_check(objects(), "objects of a cache come and go");
    tap_check(pages(), "pages come and go");
    tap_check(strings(), "strings");
    return tap_done();
}

#endif
