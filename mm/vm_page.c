/* The pages of a range: mapping them, and getting them and their tables back. */
#include "vm_space.h"
#include <errno.h>
#include <lib/align.h>
#include <mm/page.h>

enum arch_mapping vm_kind(unsigned access)
{
    static const uint8_t kinds[] = {ARCH_MAP_NONE, ARCH_MAP_READ_ONLY, ARCH_MAP_DATA,
                                    ARCH_MAP_CODE};
    return (enum arch_mapping)kinds[access];
}

static int map_block(uintptr_t at, unsigned order, enum arch_mapping kind)
{
    uintptr_t block = page_alloc(order, PAGE_ZERO | PAGE_WAIT);
    if (!block)
        return -ENOMEM;
    page_of(block)->owner = NULL;
    uintptr_t state = kiln_spin_lock(&vm.lock);
    int error = arch_mmu_map(&vm.space, at, block, ARCH_PAGE_BYTES << order, kind);
    kiln_spin_unlock(&vm.lock, state);
    if (error)
        page_free(block, order);
    return error;
}

/* Where there is no block left, or no place in the tables for one, single pages do. */
int vm_populate(uintptr_t start, uintptr_t end, unsigned access)
{
    enum arch_mapping kind = vm_kind(access);
    uintptr_t at = start;
    while (at < end) {
        size_t bytes = VM_BLOCK_BYTES;
        if (!is_aligned(at, bytes) || bytes > end - at || map_block(at, VM_BLOCK_ORDER, kind)) {
            bytes = ARCH_PAGE_BYTES;
            if (map_block(at, 0, kind))
                return -ENOMEM;
        }
        at += bytes;
    }
    return 0;
}

/* Takes one page or block out, if there is one, and returns the address behind it. */
static uintptr_t take_page(uintptr_t at, struct list_node *list)
{
    struct arch_mapping_info info = arch_mmu_query(&vm.space, at);
    if (info.kind != ARCH_MAP_NONE) {
        arch_mmu_unmap(&vm.space, at, info.block_bytes);
        struct page *page = page_of(info.physical);
        page->owner = (void *)(list == &vm.leftover ? info.physical : at);
        list_add_last(list, &page->link);
    }
    return align_down(at, info.block_bytes) + info.block_bytes;
}

void vm_take_pages(uintptr_t start, uintptr_t end, struct list_node *list)
{
    while (start < end) {
        uintptr_t state = kiln_spin_lock(&vm.lock);
        start = take_page(start, list);
        kiln_spin_unlock(&vm.lock, state);
    }
}

void vm_flush_and_free(uintptr_t start, uintptr_t end)
{
    arch_mmu_flush(start, end - start);
    list_for_each_safe (node, &vm.leftover) {
        const struct page *page = list_entry(node, struct page, link);
        page_free((uintptr_t)page->owner, page->order);
    }
    list_init(&vm.leftover);
}

static void leave_over(uintptr_t address)
{
    struct page *page = page_of(address);
    page->owner = (void *)address;
    list_add_last(&vm.leftover, &page->link);
}

/* What has no access is in no table. */
static void take_without_access(uintptr_t start, uintptr_t end)
{
    list_for_each_safe (node, &vm.no_access) {
        uintptr_t at = (uintptr_t)list_entry(node, struct page, link)->owner;
        if (at - start < end - start) {
            list_remove(node);
            leave_over(page_address(list_entry(node, struct page, link)));
        }
    }
}

void vm_drop(uintptr_t start, uintptr_t end)
{
    uintptr_t low = vm.floor, high = vm.limit;
    vm_take_pages(start, end, &vm.leftover);
    take_without_access(start, end);
    size_t i = vm_area_after(start);
    for (size_t below = i; low == vm.floor && below > 0; below--)
        if (vm.areas[below - 1].is_mapped)
            low = vm.areas[below - 1].end;
    for (; high == vm.limit && i < vm.count; i++)
        if (vm.areas[i].is_mapped)
            high = vm.areas[i].start;
    uintptr_t state = kiln_spin_lock(&vm.lock);
    arch_mmu_release_tables(&vm.space, start, end - start, low, high, leave_over);
    kiln_spin_unlock(&vm.lock, state);
    vm_flush_and_free(start, end);
}

/* To give one page of it what it has is to cut a block in two tables' worth of pages. */
static int cut(uintptr_t at)
{
    struct arch_mapping_info info = arch_mmu_query(&vm.space, at);
    if (info.kind == ARCH_MAP_NONE || info.block_bytes == ARCH_PAGE_BYTES)
        return 0;
    int error = arch_mmu_protect(&vm.space, at, ARCH_PAGE_BYTES, info.kind);
    if (error == 0)
        page_split(align_down(info.physical, info.block_bytes), VM_BLOCK_ORDER);
    return error;
}

int vm_cut_block(uintptr_t address)
{
    if (is_aligned(address, VM_BLOCK_BYTES))
        return 0;
    uintptr_t state = kiln_spin_lock(&vm.lock);
    int error = cut(address);
    kiln_spin_unlock(&vm.lock, state);
    return error;
}

int vm_cut_blocks(uintptr_t start, uintptr_t end)
{
    int error = 0;
    for (uintptr_t at = start; error == 0 && at < end;
         at = align_down(at, VM_BLOCK_BYTES) + VM_BLOCK_BYTES) {
        uintptr_t state = kiln_spin_lock(&vm.lock);
        error = cut(at);
        kiln_spin_unlock(&vm.lock, state);
    }
    return error;
}

/* A table's worth at a time, so that interrupts are not masked for long. */
void vm_protect_pages(uintptr_t start, uintptr_t end, enum arch_mapping kind)
{
    for (uintptr_t at = start, next; at < end; at = next) {
        next = align_down(at, VM_BLOCK_BYTES) + VM_BLOCK_BYTES;
        next = next < end ? next : end;
        uintptr_t state = kiln_spin_lock(&vm.lock);
        arch_mmu_protect_mapped(&vm.space, at, next - at, kind);
        kiln_spin_unlock(&vm.lock, state);
    }
    arch_mmu_flush(start, end - start);
}
