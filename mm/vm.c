/* Virtual memory: the calls that reserve, map, unmap, protect and query ranges. */
#include "vm_space.h"
#include <arch/cache.h>
#include <arch/irq.h>
#include <arch/spin.h>
#include <errno.h>
#include <kiln/panic.h>
#include <lib/align.h>
#include <mm/page.h>

struct vm vm = {
    .lock = KILN_SPINLOCK_INIT,
    .no_access = LIST_INIT(vm.no_access),
    .leftover = LIST_INIT(vm.leftover),
};

static uintptr_t new_table(void)
{
    return table_stock_take(&vm.tables);
}

/* The tables are boot's, but nobody else changes the part for ranges: so this lock is enough. */
static void start(void)
{
    vm.space = arch_boot_space;
    vm.space.source = new_table;
    vm.space.is_zeroed = true;
    vm.space.flushes_later = true;
    uintptr_t end = arch_mmu_limit(&vm.space);
    vm.floor = end - end / MM_RANGES_SHARE;
    vm.limit = end - end / MM_STACKS_SHARE;
    vm.next_hook = mm_fault_hook_add(vm_fault);
}

void vm_enter(void)
{
    KILN_ASSERT(!arch_in_interrupt());
    KILN_ASSERT(!arch_irqs_off());
    while (KILN_CONFIG_SMP && __atomic_exchange_n(&vm.owner, 1, __ATOMIC_ACQUIRE))
        arch_spin_until_changes(&vm.owner, 1);
    if (!vm.limit)
        start();
}

void vm_leave(void)
{
    table_stock_empty(&vm.tables, &vm.lock);
    if (KILN_CONFIG_SMP) {
        __atomic_store_n(&vm.owner, 0, __ATOMIC_RELEASE);
        arch_spin_wake();
    }
}

bool vm_is_bad_range(uintptr_t start, size_t bytes)
{
    return bytes == 0 || !is_aligned(start | bytes, ARCH_PAGE_BYTES) || bytes > UINTPTR_MAX - start;
}

/* What is free. 0 or -ENOMEM. */
static int reserve(uintptr_t at, size_t bytes)
{
    if (vm_area_prepare())
        return -ENOMEM;
    const struct vm_area area = {.start = at, .end = at + bytes};
    uintptr_t state = kiln_spin_lock(&vm.lock);
    size_t index = vm_area_after(at);
    vm_area_insert(index, &area);
    vm_area_join(index, index + 1);
    kiln_spin_unlock(&vm.lock, state);
    return 0;
}

int kiln_vm_reserve(size_t bytes, size_t alignment, void **start)
{
    if (vm_is_bad_range(0, bytes) || (alignment & (alignment - 1)))
        return -EINVAL;
    if (alignment == 0 && bytes >= VM_BLOCK_BYTES)
        alignment = bytes < VM_GIANT_BYTES ? VM_BLOCK_BYTES : VM_GIANT_BYTES;
    if (alignment < ARCH_PAGE_BYTES)
        alignment = ARCH_PAGE_BYTES;
    vm_enter();
    uintptr_t at = bytes < vm.limit ? vm_area_find_room(bytes, alignment) : 0;
    int error = at ? reserve(at, bytes) : -ENOMEM;
    vm_leave();
    if (!error)
        *start = (void *)at;
    return error;
}

int kiln_vm_reserve_at(void *start, size_t bytes)
{
    uintptr_t from = (uintptr_t)start;
    if (vm_is_bad_range(from, bytes))
        return -EINVAL;
    vm_enter();
    int error = -EINVAL;
    if (from >= vm.floor && from + bytes <= vm.limit)
        error = vm_area_is_free(from, from + bytes) ? reserve(from, bytes) : -EEXIST;
    vm_leave();
    return error;
}

/* Whether a snapshot holds a part. */
bool vm_is_held(uintptr_t start, uintptr_t end)
{
    for (size_t i = vm_area_after(start); i < vm.count && vm.areas[i].start < end; i++)
        if (vm.areas[i].snapshot)
            return true;
    return false;
}

/* Whether all areas in a range are mapped, or none is. */
bool vm_is_all(uintptr_t start, uintptr_t end, bool is_mapped)
{
    for (size_t i = vm_area_after(start); i < vm.count && vm.areas[i].start < end; i++)
        if (vm.areas[i].is_mapped != is_mapped)
            return false;
    return true;
}

/* Before a change of areas: room for it, and no block that reaches over an end. */
static int prepare(uintptr_t start, uintptr_t end)
{
    if (vm_is_held(start, end))
        return -EBUSY;
    return vm_area_prepare() || vm_cut_block(start) || vm_cut_block(end) ? -ENOMEM : 0;
}

/* Makes the reserved part of a range all the same. */
void vm_set(uintptr_t start, uintptr_t end, bool is_mapped, unsigned access, bool has_blocks)
{
    uintptr_t state = kiln_spin_lock(&vm.lock);
    size_t from = vm_area_cut(start), to = vm_area_cut(end);
    for (size_t i = from; i < to; i++) {
        vm.areas[i].is_mapped = is_mapped;
        vm.areas[i].access = (uint8_t)access;
        vm.areas[i].has_blocks = has_blocks;
    }
    vm_area_join(from, to);
    kiln_spin_unlock(&vm.lock, state);
}

static int release(uintptr_t start, uintptr_t end)
{
    int error = prepare(start, end);
    if (error)
        return error;
    uintptr_t state = kiln_spin_lock(&vm.lock);
    size_t from = vm_area_cut(start);
    vm_area_remove(from, vm_area_cut(end));
    kiln_spin_unlock(&vm.lock, state);
    vm_drop(start, end);
    vm_area_tidy();
    return 0;
}

int kiln_vm_release(void *start, size_t bytes)
{
    uintptr_t from = (uintptr_t)start;
    if (vm_is_bad_range(from, bytes))
        return -EINVAL;
    vm_enter();
    int error =
        from >= vm.floor && from + bytes <= vm.limit ? release(from, from + bytes) : -EINVAL;
    vm_leave();
    return error;
}

static int map(uintptr_t start, uintptr_t end, unsigned access, bool populates)
{
    if (!vm_area_covers(vm_area_after(start), start, end))
        return -EFAULT;
    if (!vm_is_all(start, end, false))
        return -EEXIST;
    if (vm_area_prepare())
        return -ENOMEM;
    if (populates && vm_populate(start, end, access)) {
        vm_drop(start, end);
        return -ENOMEM;
    }
    vm_set(start, end, true, access, populates);
    return 0;
}

int kiln_vm_map(void *start, size_t bytes, enum kiln_vm_access access, unsigned flags)
{
    uintptr_t from = (uintptr_t)start;
    if (vm_is_bad_range(from, bytes) || access > KILN_VM_EXECUTE || flags > KILN_VM_POPULATE ||
        (access == KILN_VM_NO_ACCESS && flags))
        return -EINVAL;
    vm_enter();
    int error = map(from, from + bytes, access, flags & KILN_VM_POPULATE);
    vm_leave();
    return error;
}

static int unmap(uintptr_t start, uintptr_t end)
{
    if (!vm_area_covers(vm_area_after(start), start, end))
        return -EFAULT;
    int error = prepare(start, end);
    if (error)
        return error;
    vm_set(start, end, false, KILN_VM_NO_ACCESS, false);
    vm_drop(start, end);
    return 0;
}

int kiln_vm_unmap(void *start, size_t bytes)
{
    uintptr_t from = (uintptr_t)start;
    if (vm_is_bad_range(from, bytes))
        return -EINVAL;
    vm_enter();
    int error = unmap(from, from + bytes);
    vm_leave();
    return error;
}

/* What had no access is mapped again, before a fault could supply other pages; the tables for it
 * are still there. */
static void map_again(uintptr_t start, uintptr_t end, enum arch_mapping kind)
{
    list_for_each_safe (node, &vm.no_access) {
        struct page *page = list_entry(node, struct page, link);
        uintptr_t at = (uintptr_t)page->owner;
        if (at - start >= end - start)
            continue;
        list_remove(node);
        page->owner = NULL;
        uintptr_t state = kiln_spin_lock(&vm.lock);
        arch_mmu_map(&vm.space, at, page_address(page), ARCH_PAGE_BYTES, kind);
        kiln_spin_unlock(&vm.lock, state);
    }
}

/* What was written is to be executed: on demand, only what is there. */
void vm_publish_code(uintptr_t start, uintptr_t end)
{
    while (start < end) {
        struct arch_mapping_info info = arch_mmu_query(&vm.space, start);
        uintptr_t next = align_down(start, info.block_bytes) + info.block_bytes;
        if (info.kind == ARCH_MAP_CODE)
            arch_cache_sync_code((const void *)start, next - start);
        start = next;
    }
}

/* Pages without access stand in a list of their own, one by one. */
static int protect(uintptr_t start, uintptr_t end, unsigned access)
{
    if (!vm_area_covers(vm_area_after(start), start, end) || !vm_is_all(start, end, true))
        return -EFAULT;
    int error = prepare(start, end);
    if (!error && access == KILN_VM_NO_ACCESS)
        error = vm_cut_blocks(start, end, ARCH_PAGE_BYTES);
    if (error)
        return error;
    if (access == KILN_VM_NO_ACCESS) {
        vm_set(start, end, true, access, false);
        vm_take_pages(start, end, &vm.no_access);
        arch_mmu_flush(start, end - start);
        return 0;
    }
    map_again(start, end, vm_kind(access));
    vm_set(start, end, true, access, true);
    vm_protect_pages(start, end, vm_kind(access));
    if (access == KILN_VM_EXECUTE)
        vm_publish_code(start, end);
    return 0;
}

int kiln_vm_protect(void *start, size_t bytes, enum kiln_vm_access access)
{
    uintptr_t from = (uintptr_t)start;
    if (vm_is_bad_range(from, bytes) || access > KILN_VM_EXECUTE)
        return -EINVAL;
    vm_enter();
    int error = protect(from, from + bytes, access);
    vm_leave();
    return error;
}

static void query(uintptr_t address, struct kiln_vm_info *info)
{
    size_t at = vm_area_after(address);
    uintptr_t start = at > 0 ? vm.areas[at - 1].end : vm.floor;
    uintptr_t end = at < vm.count ? vm.areas[at].start : vm.limit;
    *info = (struct kiln_vm_info){0};
    if (address >= end) {
        const struct vm_area *area = &vm.areas[at];
        start = area->start;
        end = area->end;
        info->is_reserved = true;
        info->is_mapped = area->is_mapped;
        info->access = (enum kiln_vm_access)area->access;
        info->is_snapshot = area->snapshot != NULL;
        struct arch_mapping_info page = arch_mmu_query(&vm.space, address);
        info->block_bytes = page.kind == ARCH_MAP_NONE ? 0 : page.block_bytes;
    }
    info->start = (void *)start;
    info->bytes = end - start;
}

int kiln_vm_query(const void *address, struct kiln_vm_info *info)
{
    vm_enter();
    uintptr_t at = (uintptr_t)address;
    bool is_ours = at >= vm.floor && at < vm.limit;
    if (is_ours)
        query(at, info);
    vm_leave();
    return is_ours ? 0 : -EINVAL;
}
