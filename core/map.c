/* Mapping what is found only while the machine runs. */
#include <core/map.h>
#include <core/boot_info.h>
#include <errno.h>
#include <kiln/spinlock.h>

/* Protects arch_boot_space after boot. */
static struct kiln_spinlock map_lock = KILN_SPINLOCK_INIT;

static uintptr_t page_down(uintptr_t address)
{
    return address & ~(ARCH_PAGE_BYTES - 1);
}

/* Boot's allocator of tables knows RAM once it is counted. */
static bool is_ram_known(void)
{
    return boot_memory.bytes != 0;
}

static bool map_page(uintptr_t page)
{
    if (arch_mmu_query(&arch_boot_space, page).kind != ARCH_MAP_NONE)
        return true;
    return is_ram_known() &&
           arch_mmu_map(&arch_boot_space, page, page, ARCH_PAGE_BYTES, ARCH_MAP_READ_ONLY) == 0;
}

/* Page 0 stays unmapped: null pointers are to fault. */
const void *core_map_readable(uintptr_t physical, size_t bytes)
{
    uintptr_t last;
    if (bytes == 0 || __builtin_add_overflow(physical, bytes - 1, &last) ||
        (is_ram_known() && physical < ARCH_PAGE_BYTES))
        return NULL;
    uintptr_t state = kiln_spin_lock(&map_lock);
    uintptr_t page = page_down(physical);
    while (map_page(page) && page != page_down(last))
        page += ARCH_PAGE_BYTES;
    bool is_mapped = arch_mmu_query(&arch_boot_space, page).kind != ARCH_MAP_NONE;
    kiln_spin_unlock(&map_lock, state);
    return is_mapped ? (const void *)physical : NULL;
}

int core_map_device(uintptr_t physical, size_t bytes, enum arch_mapping kind)
{
    uintptr_t start = page_down(physical), last;
    if (bytes == 0 || __builtin_add_overflow(physical, bytes - 1, &last))
        return -EINVAL;
    uintptr_t state = kiln_spin_lock(&map_lock);
    int error = arch_mmu_map(&arch_boot_space, start, start,
                             page_down(last) + ARCH_PAGE_BYTES - start, kind);
    kiln_spin_unlock(&map_lock, state);
    return error;
}
