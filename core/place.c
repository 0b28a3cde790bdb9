/* Placing threads on CPUs. */
#include <core/place.h>

unsigned core_place(const struct kiln_thread *thread)
{
    unsigned here = kiln_cpu_id();
    uint32_t allowed = thread->cpus & core_running_cpus();

    if (!KILN_CONFIG_SMP || (allowed >> here & 1))
        return here;
    return (unsigned)__builtin_ctz(allowed);
}
