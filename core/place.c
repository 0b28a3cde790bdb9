/* Placing threads on CPUs. */
#include <core/place.h>

unsigned core_place_elsewhere(const struct kiln_thread *thread)
{
    return (unsigned)__builtin_ctz(thread->cpus & core_running_cpus());
}
