/* Moving what a range holds to other addresses: entries of the tables move, not memory. */
#include "vm_space.h"
#include <errno.h>
#include <lib/align.h>
#include <mm/page.h>

/* Moves what maps one address, if anything does, to another one. Returns how far it reaches, 0: no
 * memory for a table, and nothing is changed. */
static size_t move_one(uintptr_t from, uintptr_t to)
{
    struct arch_mapping_info info = arch_mmu_query(&vm.space, from);
    size_t bytes = info.block_bytes;
    if (info.kind == ARCH_MAP_NONE)
        return align_down(from, bytes) + bytes - from;
    arch_mmu_unmap(&vm.space, from, bytes);
    if (arch_mmu_map(&vm.space, to, info.physical, bytes, info.kind) == 0)
        return bytes;
    arch_mmu_unmap(&vm.space, to, bytes);
    arch_mmu_map(&vm.space, from, info.physical, bytes, info.kind);
    return 0;
}

/* Returns how much of a range has been moved: all, or what memory for tables allowed. To move it
 * back takes no memory. */
static size_t move_pages(uintptr_t from, uintptr_t to, size_t bytes)
{
    size_t done = 0, step = 1;
    while (step && done < bytes) {
        struct arch_mapping_info info = arch_mmu_query(&vm.space, from + done);
        if (info.kind != ARCH_MAP_NONE && !vm_make_tables(to + done, info.block_bytes))
            break;
        uintptr_t state = kiln_spin_lock(&vm.lock);
        step = move_one(from + done, to + done);
        kiln_spin_unlock(&vm.lock, state);
        done += step;
    }
    return done < bytes ? done : bytes;
}

/* A page without access is in no table; there has to be a place for it, since whoever gives it
 * access again cannot be refused. */
static bool make_place(struct page *page, uintptr_t at)
{
    if (!vm_make_tables(at, ARCH_PAGE_BYTES))
        return false;
    uintptr_t state = kiln_spin_lock(&vm.lock);
    int error = arch_mmu_map_page(&vm.space, at, page_address(page), ARCH_MAP_READ_ONLY);
    if (!error)
        arch_mmu_unmap(&vm.space, at, ARCH_PAGE_BYTES);
    kiln_spin_unlock(&vm.lock, state);
    return !error;
}

/* Pages of a range that nobody may access: makes places for them elsewhere, or says where. */
static bool move_without_access(uintptr_t from, uintptr_t to, size_t bytes, bool is_to_stay)
{
    list_for_each_safe (node, &vm.no_access) {
        struct page *page = list_entry(node, struct page, link);
        uintptr_t offset = (uintptr_t)page->owner - from;
        if (offset >= bytes)
            continue;
        if (is_to_stay)
            page->owner = (void *)(to + offset);
        else if (!make_place(page, to + offset))
            return false;
    }
    return true;
}

/* Whether a range is mapped in one way, and another one reserved for it; why not. */
static int refuses(uintptr_t from, uintptr_t to, size_t bytes)
{
    size_t at = vm_area_after(from);
    if (at == vm.count || vm.areas[at].start > from || vm.areas[at].end < from + bytes ||
        !vm.areas[at].is_mapped || !vm_area_covers(vm_area_after(to), to, to + bytes))
        return -EFAULT;
    if (!vm_is_all(to, to + bytes, false))
        return -EEXIST;
    return vm.areas[at].snapshot ? -EBUSY : 0;
}

/* Blocks move as they are where they fit: so every table that the way back needs stays. */
static int prepare(uintptr_t from, uintptr_t to, size_t bytes)
{
    if (vm_area_prepare() || vm_cut_block(from) || vm_cut_block(from + bytes))
        return -ENOMEM;
    if (is_aligned(from - to, VM_GIANT_BYTES))
        return 0;
    return vm_cut_blocks(from, from + bytes,
                         is_aligned(from - to, VM_BLOCK_BYTES) ? VM_BLOCK_BYTES : ARCH_PAGE_BYTES);
}

/* While it is on its way, a range is nowhere: no fault supplies other pages. */
static int move(uintptr_t from, uintptr_t to, size_t bytes)
{
    int error = refuses(from, to, bytes);
    if (!error)
        error = prepare(from, to, bytes);
    if (error)
        return error;
    const struct vm_area area = vm.areas[vm_area_after(from)];
    vm_set(from, from + bytes, false, KILN_VM_NO_ACCESS, false);
    size_t done = move_pages(from, to, bytes);
    bool is_whole = done == bytes && move_without_access(from, to, bytes, false);
    if (is_whole)
        move_without_access(from, to, bytes, true);
    else
        move_pages(to, from, done);
    uintptr_t old = is_whole ? from : to;
    vm_set(is_whole ? to : from, (is_whole ? to : from) + bytes, true, area.access,
           area.has_blocks);
    vm_drop(old, old + bytes);
    if (is_whole && area.access == KILN_VM_EXECUTE)
        vm_publish_code(to, to + bytes);
    return is_whole ? 0 : -ENOMEM;
}

int kiln_vm_move(void *from, void *to, size_t bytes)
{
    uintptr_t start = (uintptr_t)from, target = (uintptr_t)to;
    if (vm_is_bad_range(start, bytes) || vm_is_bad_range(target, bytes) || start - target < bytes ||
        target - start < bytes)
        return -EINVAL;
    vm_enter();
    int error = move(start, target, bytes);
    vm_leave();
    return error;
}
