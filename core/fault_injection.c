/* Fault injection: the boot option, and what is told at the end of the run. */
#include <core/fault_injection.h>

#include <core/backtrace.h>
#include <core/symbols.h>
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

static void tell_caller(uintptr_t address)
{
    size_t offset = 0;
    const char *name = core_symbol(address - 1, &offset);

    if (name)
        core_print(" %s+0x%zx", name, offset + 1);
    else
        core_print(" 0x%zx", (size_t)address);
}

static void tell_path(const struct fault_path *path)
{
    core_print("kiln: allocation %llu comes from", (unsigned long long)path->first);
    for (unsigned depth = 0; depth < FAULT_DEPTH && path->callers[depth]; depth++)
        tell_caller(path->callers[depth]);
    core_print("\n");
}

void core_fault_injection_tell(void)
{
    struct kiln_fault_counts counts;
    const struct fault_path *path;

    kiln_fault_get_counts(&counts);
    core_print("\nkiln: %llu allocations, %llu failed on demand\n",
               (unsigned long long)counts.allocations, (unsigned long long)counts.failures);
    for (unsigned n = 0; (path = fault_path(n)) != NULL; n++)
        tell_path(path);
}
