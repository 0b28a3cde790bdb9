/* Fault injection: the boot option, and what is told at the end of the run. */
#include <core/fault_injection.h>

#include <core/backtrace.h>
#include <kiln/system.h>
#include <mm/fault.h>

/* Decimal digits; returns what stands behind them. */
static const char *parse(const char *text, uint64_t *number)
{
    *number = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        *number = *number * 10 + (uint64_t)(*text - '0');
    return text;
}

void core_fault_injection_begin(void)
{
    const char *option = kiln_boot_option("fail");
    uint64_t first, count = 1;

    if (!option)
        return;
    option = parse(option, &first);
    if (*option == ',')
        parse(option + 1, &count);
    kiln_fail_allocations(first, count);
}

void core_fault_injection_tell(void)
{
    struct kiln_fault_counts counts;
    uint64_t first;

    kiln_fault_get_counts(&counts);
    core_print("\nkiln: %llu allocations, %llu failed on demand, paths begin at",
               (unsigned long long)counts.allocations, (unsigned long long)counts.failures);
    for (unsigned n = 0; (first = fault_path(n)) != 0; n++)
        core_print(" %llu", (unsigned long long)first);
    core_print("\n");
}
