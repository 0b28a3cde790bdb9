/* Memory of the machine, as the board found it. */
#include <core/boot_info.h>
#include <arch/mmu.h>
#include <kiln/system.h>
#include <stdbool.h>

struct ranges {
    unsigned count;
    struct boot_range list[BOOT_RANGES];
};

static struct ranges memory;
static struct ranges reserved;
static unsigned cpu_count = 1;
static size_t ram_bytes;

static uintptr_t page_up(uintptr_t address)
{
    return (address + ARCH_PAGE_BYTES - 1) & ~(ARCH_PAGE_BYTES - 1);
}

static uintptr_t page_down(uintptr_t address)
{
    return address & ~(ARCH_PAGE_BYTES - 1);
}

static void add(struct ranges *ranges, uintptr_t start, uintptr_t end)
{
    if (ranges->count < BOOT_RANGES && end > start)
        ranges->list[ranges->count++] = (struct boot_range){start, end};
}

void boot_memory_add(uintptr_t base, size_t bytes)
{
    add(&memory, page_up(base), page_down(base + bytes));
}

void boot_memory_reserve(uintptr_t base, size_t bytes)
{
    add(&reserved, page_down(base), page_up(base + bytes));
}

void boot_cpu_count_set(unsigned count)
{
    cpu_count = count;
}

unsigned boot_cpu_count(void)
{
    return cpu_count;
}

size_t boot_ram_bytes(void)
{
    return ram_bytes;
}

size_t kiln_ram_bytes(void)
{
    return ram_bytes;
}

/* Decimal digits and K, M or G; 0 if it is anything else. */
static size_t parse_size(const char *text)
{
    size_t value = 0;
    while (*text >= '0' && *text <= '9')
        value = value * 10 + (size_t)(*text++ - '0');
    unsigned shift = *text == 'K' ? 10 : *text == 'M' ? 20 : *text == 'G' ? 30 : 0;
    if (shift)
        text++;
    return *text ? 0 : value << shift;
}

void boot_limit_memory(void)
{
    const char *option = kiln_boot_option("mem");
    size_t limit = option ? parse_size(option) : 0;
    if (!limit)
        limit = SIZE_MAX;
    unsigned kept = 0;
    for (unsigned i = 0; i < memory.count && limit; i++) {
        struct boot_range range = memory.list[i];
        if (range.end - range.start > limit)
            range.end = page_down(range.start + limit);
        limit -= range.end - range.start;
        ram_bytes += range.end - range.start;
        memory.list[kept++] = range;
    }
    memory.count = kept;
}

void boot_each_memory(void (*function)(uintptr_t start, uintptr_t end))
{
    for (unsigned i = 0; i < memory.count; i++)
        function(memory.list[i].start, memory.list[i].end);
}

/* The part of [start, end) up to the first reserved range that touches it; *next is where to go
 * on. */
static uintptr_t free_until(uintptr_t start, uintptr_t end, uintptr_t *next)
{
    *next = end;
    for (unsigned i = 0; i < reserved.count; i++) {
        const struct boot_range *range = &reserved.list[i];
        if (range->start < end && range->end > start) {
            end = range->start > start ? range->start : start;
            *next = range->end;
        }
    }
    return end;
}

void boot_each_free(void (*function)(uintptr_t start, uintptr_t end))
{
    for (unsigned i = 0; i < memory.count; i++) {
        uintptr_t start = memory.list[i].start;
        uintptr_t end = memory.list[i].end;
        while (start < end) {
            uintptr_t next;
            uintptr_t stop = free_until(start, end, &next);
            if (stop > start)
                function(start, stop);
            start = next;
        }
    }
}
