/* Placing threads on CPUs. */
#include <core/place.h>

unsigned core_place_among(uint32_t allowed)
{
    unsigned best = arch_cpu_id();
    uint32_t fewest = UINT32_MAX;

    if (allowed >> best & 1)
        fewest = __atomic_load_n(&core_percpu(best)->threads, __ATOMIC_RELAXED);
    for (; allowed; allowed &= allowed - 1) {
        unsigned cpu = (unsigned)__builtin_ctz(allowed);
        uint32_t threads = __atomic_load_n(&core_percpu(cpu)->threads, __ATOMIC_RELAXED);

        if (threads < fewest) {
            fewest = threads;
            best = cpu;
        }
    }
    return best;
}
