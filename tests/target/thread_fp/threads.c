#include "threads.h"
#include <kiln.h>
#include <string.h>
#include "../this_cpu.h"

#define PERIOD (200 * 1000) /* ns */

uint32_t ticks[4], stop;

/* On one CPU at any instruction. Several take turns in QEMU, in long ones unless they wait. */
static void wait_for_tick(const struct user *user)
{
    bool is_alone = kiln_cpu_count() == 1;
    uint32_t now = __atomic_load_n(&ticks[user->cpu], __ATOMIC_RELAXED);

    while (__atomic_load_n(&ticks[user->cpu], __ATOMIC_RELAXED) == now)
        if (is_alone)
            relax();
        else
            wait_for_interrupt();
}

static void begin(struct user *user)
{
    bool trapped = registers_trap();

    registers_store(&user->found);
    registers_pattern(&user->want, 0);
    user->began_clean = trapped && memcmp(&user->want, &user->found, sizeof(user->want)) == 0;
}

static void load(struct user *user, uint32_t round)
{
    user->unlike += registers_trap();
    registers_pattern(&user->want, user->number + round % 16);
    registers_load(&user->want);
}

void *use_preempted(void *argument)
{
    struct user *user = argument;

    begin(user);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        load(user, round);
        wait_for_tick(user);
        registers_store(&user->found);
        user->lost += memcmp(&user->want, &user->found, sizeof(user->want)) != 0;
    }
    return NULL;
}

void *use_and_yield(void *argument)
{
    struct user *user = argument;

    begin(user);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        load(user, round);
        registers_end();
        kiln_thread_yield();
        registers_store(&user->found);
        user->lost += !registers_keep(&user->found, &user->want);
        wait_for_tick(user);
    }
    return NULL;
}

void *use_none(void *argument)
{
    struct user *user = argument;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        user->unlike += !registers_trap();
        if (round % 2)
            kiln_thread_yield();
        else
            wait_for_tick(user);
    }
    user->unlike += !registers_trap();
    return NULL;
}

void *tick(void *argument)
{
    struct user *user = argument;

    begin(user);
    for (uint32_t round = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); round++) {
        load(user, round);
        registers_end();
        kiln_sleep_for(PERIOD);
        registers_store(&user->found);
        user->lost += !registers_keep(&user->found, &user->want);
        __atomic_fetch_add(&ticks[user->cpu], 1, __ATOMIC_RELAXED);
    }
    return NULL;
}
