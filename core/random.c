/* Random numbers: xorshift64* over what the CPU, the board and the counter give at boot. */
#include <arch/counter.h>
#include <arch/cpu.h>
#include <board.h>
#include <core/random.h>
#include <kiln/panic.h>
#include <kiln/system.h>

#define MULTIPLIER 0x2545F4914F6CDD1Dull

static uint64_t state; /* atomic; 0 until the first number */

/* Named and called by the compiler's stack protector, in the program too. */
#pragma GCC visibility push(default)
extern uintptr_t __stack_chk_guard;
_Noreturn void __stack_chk_fail(void);
#pragma GCC visibility pop

uintptr_t __stack_chk_guard;

/* A program that wants no random numbers pays for none. */
static uint64_t seed(void)
{
    uint64_t value = arch_entropy() ^ board_entropy() ^ arch_counter() * MULTIPLIER;
    return value ? value : MULTIPLIER;
}

uint64_t kiln_random(void)
{
    uint64_t old = __atomic_load_n(&state, __ATOMIC_RELAXED);
    uint64_t next;
    do {
        next = old ? old : seed();
        next ^= next >> 12;
        next ^= next << 25;
        next ^= next >> 27;
    } while (!__atomic_compare_exchange_n(&state, &old, next, false, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return next * MULTIPLIER;
}

__attribute__((no_stack_protector)) void core_guard_init(void)
{
    __stack_chk_guard = kiln_random() & ~(uintptr_t)0xFF;
}

void __stack_chk_fail(void)
{
    kiln_panic("stack overwritten: a function wrote beyond its local arrays");
}
