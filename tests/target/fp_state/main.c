/*
 * FP and SIMD registers: each thread's first use gives it clean ones, and what is saved comes back,
 * whatever has been in them since. On every CPU.
 */
#include <arch/fp.h>
#include <kiln.h>
#include <stdlib.h>
#include <string.h>
#include "../run_on_cpu.h"
#include "../tap.h"
#include "registers.h"

static bool is_pattern(const struct registers *found, uint32_t number)
{
    static struct registers want[CPUS];
    struct registers *mine = &want[kiln_cpu_id()];

    registers_pattern(mine, number);
    return memcmp(mine, found, sizeof(*mine)) == 0;
}

/* Two threads' registers, whose turn comes one after the other; nothing else uses FP in between. */
static unsigned take_turns(void *states[2])
{
    static struct registers loaded[CPUS], found[CPUS];
    struct registers *load = &loaded[kiln_cpu_id()], *is = &found[kiln_cpu_id()];
    unsigned wrong = 0;

    for (uint32_t number = 1; number < 20; number++) {
        arch_fp_state_init(states[0]);
        arch_fp_state_init(states[1]);
        registers_pattern(load, number);
        registers_load(load);
        arch_fp_save(states[0]);
        arch_fp_restore(states[1]);
        registers_store(is);
        wrong += !is_pattern(is, 0);
        registers_pattern(load, number + 1);
        registers_load(load);
        arch_fp_save(states[1]);
        arch_fp_restore(states[0]);
        registers_store(is);
        wrong += !is_pattern(is, number);
        arch_fp_restore(states[1]);
        registers_store(is);
        wrong += !is_pattern(is, number + 1);
    }
    return wrong;
}

static void *states[CPUS][2];
static unsigned wrong_turns[CPUS];
static bool has_trapped[CPUS], is_clean[CPUS], traps_still[CPUS];

/* On another CPU nothing has used FP yet. */
static void use(unsigned cpu)
{
    static struct registers found[CPUS];

    has_trapped[cpu] = registers_trap();
    if (registers_are_lazy()) {
        registers_store(&found[cpu]);
        is_clean[cpu] = is_pattern(&found[cpu], 0);
    }
    traps_still[cpu] = registers_trap();
    wrong_turns[cpu] = take_turns(states[cpu]);
}

static void check(unsigned cpu)
{
    printf("# CPU %u\n", cpu);
    TAP_EQUAL(has_trapped[cpu], registers_are_lazy());
    TAP_EQUAL(is_clean[cpu], registers_are_lazy());
    TAP_EQUAL(traps_still[cpu], false);
    tap_check(wrong_turns[cpu] == 0, "registers come back as they were saved");
}

/* The boot CPU's thread may have used FP: it starts anew. */
static void test_here(void)
{
    static struct registers full;

    registers_pattern(&full, 7);
    registers_load(&full);
    registers_forget();
    use(0);
    registers_forget();
    check(0);
}

int main(void)
{
    size_t bytes;

    registers_begin();
    bytes = arch_fp_state_bytes();
    printf("# a state has %zu bytes\n", bytes);
    for (unsigned cpu = 0; cpu < kiln_cpu_count(); cpu++)
        for (int i = 0; i < 2; i++)
            TAP_NEED((states[cpu][i] =
                          aligned_alloc(ARCH_FP_STATE_ALIGN, (bytes + 63) & -(size_t)64)) != NULL);
    test_here();
    for (unsigned cpu = 1; cpu < kiln_cpu_count(); cpu++) {
        run_on_cpu(cpu, use);
        wait_for_cpu(cpu);
        check(cpu);
    }
    return tap_done();
}
