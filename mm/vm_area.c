/* Areas: a sorted array. There are few, and faults look for them far more often than they change.
 */
#include "vm_space.h"
#include <errno.h>
#include <lib/align.h>
#include <mm/page.h>
#include <string.h>

#define GUARD_BYTES ARCH_PAGE_BYTES

size_t vm_area_after(uintptr_t address)
{
    size_t low = 0, high = vm.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (vm.areas[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Faults on other CPUs read the array, and so it is exchanged under the lock. */
int vm_area_prepare(void)
{
    size_t per_page = ARCH_PAGE_BYTES / sizeof(struct vm_area);
    if (vm.count + 4 <= vm.room)
        return 0;
    size_t pages = vm.room ? vm.room / per_page * 2 : 1;
    struct vm_area *areas = (struct vm_area *)page_alloc_exact(pages, PAGE_WAIT), *old = vm.areas;
    if (!areas)
        return -ENOMEM;
    uintptr_t state = kiln_spin_lock(&vm.lock);
    if (vm.count)
        memcpy(areas, old, vm.count * sizeof *areas);
    vm.areas = areas;
    vm.room = pages * per_page;
    kiln_spin_unlock(&vm.lock, state);
    if (old)
        page_free_exact((uintptr_t)old, pages / 2);
    return 0;
}

void vm_area_tidy(void)
{
    if (vm.count || !vm.room)
        return;
    uintptr_t state = kiln_spin_lock(&vm.lock);
    struct vm_area *areas = vm.areas;
    size_t pages = vm.room / (ARCH_PAGE_BYTES / sizeof(struct vm_area));
    vm.areas = NULL;
    vm.room = 0;
    kiln_spin_unlock(&vm.lock, state);
    page_free_exact((uintptr_t)areas, pages);
}

void vm_area_insert(size_t at, const struct vm_area *area)
{
    memmove(&vm.areas[at + 1], &vm.areas[at], (vm.count - at) * sizeof *area);
    vm.areas[at] = *area;
    vm.count++;
}

void vm_area_remove(size_t from, size_t to)
{
    if (from == to)
        return;
    memmove(&vm.areas[from], &vm.areas[to], (vm.count - to) * sizeof *vm.areas);
    vm.count -= to - from;
}

size_t vm_area_cut(uintptr_t address)
{
    size_t at = vm_area_after(address);
    if (at == vm.count || vm.areas[at].start >= address)
        return at;
    struct vm_area upper = vm.areas[at];
    upper.start = address;
    vm.areas[at].end = address;
    vm_area_insert(at + 1, &upper);
    return at + 1;
}

static bool are_alike(const struct vm_area *a, const struct vm_area *b)
{
    return a->end == b->start && a->snapshot == b->snapshot && a->access == b->access &&
           a->is_mapped == b->is_mapped;
}

void vm_area_join(size_t from, size_t to)
{
    for (size_t i = to < vm.count ? to : vm.count - 1; vm.count && i > 0 && i >= from; i--) {
        struct vm_area *lower = &vm.areas[i - 1], *upper = &vm.areas[i];
        if (!are_alike(lower, upper))
            continue;
        lower->end = upper->end;
        lower->has_blocks |= upper->has_blocks;
        vm_area_remove(i, i + 1);
    }
}

bool vm_area_is_free(uintptr_t start, uintptr_t end)
{
    size_t at = vm_area_after(start);
    return at == vm.count || vm.areas[at].start >= end;
}

uintptr_t vm_area_find_room(size_t bytes, size_t alignment)
{
    uintptr_t from = vm.floor;
    for (size_t i = 0; i <= vm.count; i++) {
        uintptr_t end = i < vm.count ? vm.areas[i].start : vm.limit;
        uintptr_t start = align_up(from + GUARD_BYTES, alignment);
        if (start < end && bytes + GUARD_BYTES <= end - start)
            return start;
        if (i < vm.count)
            from = vm.areas[i].end;
    }
    return 0;
}

bool vm_area_covers(size_t from, uintptr_t start, uintptr_t end)
{
    if (from == vm.count || vm.areas[from].start > start)
        return false;
    while (vm.areas[from].end < end) {
        if (++from == vm.count || vm.areas[from].start != vm.areas[from - 1].end)
            return false;
    }
    return true;
}
