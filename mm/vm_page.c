/* The pages of a range: mapping them, and getting them and their tables back. */
#include "vm_space.h"
#include <errno.h>
#include <lib/align.h>
#include <mm/lock.h>
#include <mm/page.h>

#define PROTECT_BYTES (32 * ARCH_PAGE_BYTES) /* at a time */

enum arch_mapping vm_kind(unsigned access)
{
    static const uint8_t kinds[] = {ARCH_MAP_NONE, ARCH_MAP_READ_ONLY, ARCH_MAP_DATA,
                                    ARCH_MAP_CODE};
    return (enum arch_mapping)kinds[access];
}

bool vm_make_tables(uintptr_t at, size_t bytes)
{
    return table_stock_fill(&vm.tables, &vm.lock, &vm.space, at, bytes);
}

/* Maps allocated memory. 0 or -ENOMEM. */
static int map(uintptr_t at, uintptr_t memory, size_t bytes, enum arch_mapping kind)
{
    if (!vm_make_tables(at, bytes))
        return -ENOMEM;
    uintptr_t state = kiln_spin_lock(&vm.lock);
    int error = arch_mmu_map(&vm.space, at, memory, bytes, kind);
    kiln_spin_unlock(&vm.lock, state);
    return error;
}

static bool map_block(uintptr_t at, unsigned order, enum arch_mapping kind)
{
    uintptr_t block = page_alloc(order, PAGE_ZERO | PAGE_WAIT);
    if (!block)
        return false;
    page_of(block)->owner = NULL;
    if (map(at, block, ARCH_PAGE_BYTES << order, kind) == 0)
        return true;
    page_free(block, order);
    return false;
}

/* Nobody is made to free anything for it: blocks do as well. */
static bool map_giant(uintptr_t at, enum arch_mapping kind)
{
    size_t pages = VM_GIANT_BYTES / ARCH_PAGE_BYTES;
    uintptr_t memory = page_alloc_exact(pages, PAGE_ZERO | PAGE_NATURAL);
    if (!memory)
        return false;
    page_of(memory)->owner = NULL;
    page_split_exact(memory, pages, VM_BLOCK_ORDER);
    if (map(at, memory, VM_GIANT_BYTES, kind) == 0)
        return true;
    for (size_t offset = 0; offset < VM_GIANT_BYTES; offset += VM_BLOCK_BYTES)
        page_free(memory + offset, VM_BLOCK_ORDER);
    return false;
}

static bool fits(uintptr_t at, size_t left, size_t bytes)
{
    return is_aligned(at, bytes) && bytes <= left;
}

/* Maps as much at once as there is a block and a place in the tables for. 0: no memory. */
static size_t map_largest(uintptr_t at, size_t left, enum arch_mapping kind)
{
    if (fits(at, left, VM_GIANT_BYTES) && map_giant(at, kind))
        return VM_GIANT_BYTES;
    if (fits(at, left, VM_BLOCK_BYTES) && map_block(at, VM_BLOCK_ORDER, kind))
        return VM_BLOCK_BYTES;
    return map_block(at, 0, kind) ? ARCH_PAGE_BYTES : 0;
}

int vm_populate(uintptr_t start, uintptr_t end, unsigned access)
{
    enum arch_mapping kind = vm_kind(access);
    for (size_t bytes; start < end; start += bytes)
        if ((bytes = map_largest(start, end - start, kind)) == 0)
            return -ENOMEM;
    return 0;
}

static void take(uintptr_t physical, uintptr_t at, struct list_node *list)
{
    struct page *page = page_of(physical);
    page->owner = (void *)(list == &vm.leftover ? physical : at);
    list_add_last(list, &page->link);
}

/* Takes one page or block out, if there is one, and returns the address behind it. */
static uintptr_t take_page(uintptr_t at, struct list_node *list)
{
    struct arch_mapping_info info = arch_mmu_query(&vm.space, at);
    if (info.kind != ARCH_MAP_NONE) {
        arch_mmu_unmap(&vm.space, at, info.block_bytes);
        for (size_t offset = 0; offset < info.block_bytes; offset += VM_BLOCK_BYTES)
            take(info.physical + offset, at, list);
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
    for (uintptr_t at = start; at < end;) {
        uintptr_t state = kiln_spin_lock(&vm.lock);
        at += arch_mmu_release_tables(&vm.space, at, end - at, low, high, leave_over);
        kiln_spin_unlock(&vm.lock, state);
    }
    vm_flush_and_free(start, end);
}

/* Cuts what maps an address into pages, or into blocks of 2 MiB. Faults change no blocks: the table
 * is made, and the memory split, with interrupts on. */
static int cut(uintptr_t at, size_t bytes)
{
    struct arch_mapping_info info;
    while ((info = arch_mmu_query(&vm.space, at)).kind != ARCH_MAP_NONE &&
           info.block_bytes > bytes) {
        uintptr_t table = arch_mmu_make_split(&vm.space, at);
        if (!table)
            return -ENOMEM;
        uintptr_t state = kiln_spin_lock(&vm.lock);
        arch_mmu_split(&vm.space, at, table);
        kiln_spin_unlock(&vm.lock, state);
        if (info.block_bytes == VM_BLOCK_BYTES)
            page_split(align_down(info.physical, VM_BLOCK_BYTES), VM_BLOCK_ORDER);
    }
    return 0;
}

int vm_cut_block(uintptr_t address)
{
    if (is_aligned(address, VM_GIANT_BYTES))
        return 0;
    return cut(address, is_aligned(address, VM_BLOCK_BYTES) ? VM_BLOCK_BYTES : ARCH_PAGE_BYTES);
}

int vm_cut_blocks(uintptr_t start, uintptr_t end, size_t bytes)
{
    int error = 0;
    for (uintptr_t at = start; error == 0 && at < end;
         at = align_down(at, VM_BLOCK_BYTES) + VM_BLOCK_BYTES)
        error = cut(at, bytes);
    return error;
}

/* Where a table's worth ends, or what one entry maps, or does not map, that spans more. */
static uintptr_t end_of_part(uintptr_t at)
{
    size_t bytes = arch_mmu_query(&vm.space, at).block_bytes;
    if (bytes < VM_BLOCK_BYTES)
        bytes = VM_BLOCK_BYTES;
    return align_down(at, bytes) + bytes;
}

/* Some pages at a time, so that interrupts are not masked for long. A block is not cut. */
static void protect_part(uintptr_t start, uintptr_t end, enum arch_mapping kind)
{
    bool is_pages = arch_mmu_query(&vm.space, start).block_bytes == ARCH_PAGE_BYTES;
    for (uintptr_t at = start, next; at < end; at = next) {
        next = is_pages && end - at > PROTECT_BYTES ? at + PROTECT_BYTES : end;
        uintptr_t state = mm_lock(&vm.lock);
        arch_mmu_protect_mapped(&vm.space, at, next - at, kind);
        mm_unlock(&vm.lock, state);
    }
}

void vm_protect_pages(uintptr_t start, uintptr_t end, enum arch_mapping kind)
{
    for (uintptr_t at = start, next; at < end; at = next) {
        next = end_of_part(at);
        next = next < end ? next : end;
        protect_part(at, next, kind);
    }
    arch_mmu_flush(start, end - start);
}
