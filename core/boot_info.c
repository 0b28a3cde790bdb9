/* Memory and CPUs of the machine, as the board found them. */
#include <core/boot_info.h>
#include <arch/mmu.h>
#include <kiln/system.h>

struct boot_memory boot_memory;

static unsigned cpu_count; /* 0: nobody has said */

static uintptr_t page_up(uintptr_t address)
{
    return (address + ARCH_PAGE_BYTES - 1) & ~(ARCH_PAGE_BYTES - 1);
}

static uintptr_t page_down(uintptr_t address)
{
    return address & ~(ARCH_PAGE_BYTES - 1);
}

static void add(uintptr_t start, uintptr_t end)
{
    if (boot_memory.count < BOOT_RANGES && end > start)
        boot_memory.ranges[boot_memory.count++] = (struct boot_range){start, end};
}

void boot_memory_add(uintptr_t base, size_t bytes)
{
    add(page_up(base), page_down(base + bytes));
}

void boot_memory_reserve(uintptr_t base, size_t bytes)
{
    uintptr_t start = page_down(base);
    uintptr_t end = page_up(base + bytes);
    struct boot_range *range = boot_memory.ranges;
    for (unsigned left = boot_memory.count; left > 0; left--, range++) {
        uintptr_t range_end = range->end;
        if (start >= range_end || end <= range->start)
            continue;
        range->end = start > range->start ? start : range->start;
        add(end, range_end);
    }
}

void boot_cpu_count_set(unsigned count)
{
    cpu_count = count;
}

unsigned boot_cpu_count(void)
{
    return cpu_count ? cpu_count : 1;
}

size_t kiln_ram_bytes(void)
{
    return boot_memory.bytes;
}

/* Decimal digits and K, M or G; 0 if it is anything else. */
static size_t parse_size(const char *text)
{
    size_t value = 0;
    for (unsigned digit; (digit = (unsigned)*text - '0') < 10; text++)
        value = value * 10 + digit;
    for (const char *unit = "KMG"; *text && *unit; unit++) {
        value <<= 10;
        if (*text == *unit)
            return text[1] ? 0 : value;
    }
    return *text ? 0 : value;
}

void boot_memory_limit(void)
{
    const char *option = kiln_boot_option("mem");
    size_t limit = option ? parse_size(option) : SIZE_MAX;
    size_t total = 0;
    struct boot_range *range = boot_memory.ranges;
    for (unsigned left = boot_memory.count; left > 0; left--, range++) {
        size_t bytes = range->end - range->start;
        if (bytes > limit - total)
            bytes = page_down(limit - total);
        range->end = range->start + bytes;
        total += bytes;
    }
    boot_memory.bytes = total;
}
