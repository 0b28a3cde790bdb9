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

/* Nothing wraps. */
static uintptr_t end_of(uintptr_t base, size_t bytes)
{
    uintptr_t end;
    return __builtin_add_overflow(base, bytes, &end) ? UINTPTR_MAX : end;
}

static void add(uintptr_t start, uintptr_t end)
{
    if (boot_memory.count < BOOT_RANGES && end > start)
        boot_memory.ranges[boot_memory.count++] = (struct boot_range){start, end};
}

static void cut_out(uintptr_t start, uintptr_t end)
{
    struct boot_range *range = boot_memory.ranges;
    for (unsigned left = boot_memory.count; left > 0; left--, range++) {
        uintptr_t range_end = range->end;
        if (start >= range_end || end <= range->start)
            continue;
        range->end = start > range->start ? start : range->start;
        add(end, range_end);
    }
}

/* What is told twice is there once. */
void boot_memory_add(uintptr_t base, size_t bytes)
{
    uintptr_t start = page_up(base), end = page_down(end_of(base, bytes));
    if (start < base || end <= start)
        return;
    cut_out(start, end);
    add(start, end);
}

void boot_memory_reserve(uintptr_t base, size_t bytes)
{
    uintptr_t end = end_of(base, bytes);
    cut_out(page_down(base), end > page_down(UINTPTR_MAX) ? end : page_up(end));
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

void boot_memory_limit(uintptr_t addresses_end)
{
    const char *option = kiln_boot_option("mem");
    size_t limit = option ? parse_size(option) : SIZE_MAX;
    size_t total = 0;
    struct boot_range *range = boot_memory.ranges;
    for (unsigned left = boot_memory.count; left > 0; left--, range++) {
        if (range->end > addresses_end)
            range->end = range->start < addresses_end ? addresses_end : range->start;
        size_t bytes = range->end - range->start;
        if (bytes > limit - total)
            bytes = page_down(limit - total);
        range->end = range->start + bytes;
        total += bytes;
    }
    boot_memory.bytes = total;
}
