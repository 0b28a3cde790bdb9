/* Faults in ranges: a page of zeros on demand, a copy of what a snapshot holds, or a TLB that is
 * behind the tables. */
#include "vm_space.h"
#include <lib/align.h>
#include <mm/lock.h>
#include <mm/page.h>
#include <string.h>

static bool is_allowed(unsigned may, enum arch_access access)
{
    static const uint8_t needs[] = {
        [ARCH_ACCESS_WRITE] = KILN_VM_WRITE,
        [ARCH_ACCESS_FETCH] = KILN_VM_EXECUTE,
    };
    return access == ARCH_ACCESS_READ ? may != KILN_VM_NO_ACCESS : may == needs[access];
}

/* The mapped area that allows the access, or NULL. */
static const struct vm_area *area_of(uintptr_t address, enum arch_access access)
{
    size_t at = vm_area_after(address);
    if (at == vm.count || vm.areas[at].start > address)
        return NULL;
    const struct vm_area *area = &vm.areas[at];
    return area->is_mapped && is_allowed(area->access, access) ? area : NULL;
}

/* A page, its contents arbitrary, as new as the newest snapshot; 0: none. The log has room. */
static uintptr_t new_page(const struct vm_area *area)
{
    if (area->snapshot && !vm_log_prepare(area->snapshot))
        return 0;
    return page_alloc(0, 0);
}

static bool supply(const struct vm_area *area, uintptr_t at)
{
    uintptr_t page = new_page(area);
    if (!page)
        return false;
    arch_page_clear((void *)page);
    page_of(page)->owner = (void *)vm.snapshots;
    if (arch_mmu_map_page(&vm.space, at, page, vm_kind(area->access))) {
        page_free(page, 0);
        return false;
    }
    if (area->snapshot)
        vm_log_add(area->snapshot, at, 0);
    return true;
}

/* The snapshot gets the copy: the page itself stays where other CPUs' TLBs have it, and now may be
 * written. */
static bool copy_for_snapshot(const struct vm_area *area, uintptr_t at, uintptr_t physical)
{
    struct page *page = page_of(physical);
    if (!area->snapshot || (uintptr_t)page->owner >= area->snapshot->number)
        return true;
    uintptr_t copy = new_page(area);
    if (!copy)
        return false;
    memcpy((void *)copy, (const void *)physical, ARCH_PAGE_BYTES);
    page_of(copy)->owner = page->owner;
    page->owner = (void *)vm.snapshots;
    vm_log_add(area->snapshot, at, copy);
    return true;
}

/* The lock. Nothing is done for an access that the tables allow: the TLB did not know. */
static bool mend(const struct vm_area *area, uintptr_t at, enum arch_access access)
{
    struct arch_mapping_info info = arch_mmu_query(&vm.space, at);
    if (info.kind == ARCH_MAP_NONE)
        return supply(area, at);
    if (access == ARCH_ACCESS_WRITE && info.kind != ARCH_MAP_DATA) {
        if (!copy_for_snapshot(area, at, info.physical))
            return false;
        arch_mmu_protect_mapped(&vm.space, at, ARCH_PAGE_BYTES, ARCH_MAP_DATA);
    }
    arch_mmu_flush_here(at, ARCH_PAGE_BYTES);
    return true;
}

bool vm_mend(uintptr_t address, enum arch_access access)
{
    uintptr_t state = mm_lock(&vm.lock);
    const struct vm_area *area = area_of(address, access);
    bool is_mended = area && mend(area, align_down(address, ARCH_PAGE_BYTES), access);
    mm_unlock(&vm.lock, state);
    return is_mended;
}

/* Another CPU may have been stopped in the midst of a change, with the lock: it is not asked for.
 */
static void explain(const struct arch_frame *frame, uintptr_t address, arch_print_t print)
{
    size_t at = vm_area_after(address);
    bool is_inside = at < vm.count && vm.areas[at].start <= address;
    bool is_near = (at < vm.count && vm.areas[at].start - address <= ARCH_PAGE_BYTES) ||
                   (at > 0 && address - vm.areas[at - 1].end < ARCH_PAGE_BYTES);
    if (!is_inside)
        print(is_near ? "guard page of a mapping: " : "not reserved: ");
    else if (!vm.areas[at].is_mapped)
        print("reserved, but not mapped: ");
    else if (!area_of(address, arch_frame_access(frame)))
        print("not allowed in this mapping: ");
    else
        print(arch_frame_is_thread(frame) ? "out of memory on demand: "
                                          : "memory on demand in a handler: ");
}

/* What a handler touches on demand cannot be supplied: it may hold any lock. */
bool vm_fault(const struct arch_frame *frame, arch_print_t print)
{
    uintptr_t address;
    if (!arch_frame_is_access(frame, &address) || address < vm.floor || address >= vm.limit)
        return vm.next_hook && vm.next_hook(frame, print);
    if (!print)
        return arch_frame_is_thread(frame) && vm_mend(address, arch_frame_access(frame));
    explain(frame, address, print);
    return false;
}
