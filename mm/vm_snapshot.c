/*
 * Snapshots. Taking one protects the range from writes; a fault then notes what it lets happen in
 * the log of the newest: a copy of the page as it was, or that there was none.
 */
#include "vm_space.h"
#include <errno.h>
#include <mm/lock.h>
#include <mm/page.h>
#include <string.h>

struct log_record {
    uintptr_t address;
    uintptr_t saved; /* 0: there was no page */
};

#define LOG_RECORDS ((ARCH_PAGE_BYTES - 2 * sizeof(size_t)) / sizeof(struct log_record))

/* A page of them; new ones go into the first. */
struct log_page {
    struct log_page *next;
    size_t count;
    struct log_record records[LOG_RECORDS];
};

_Static_assert(sizeof(struct log_page) == ARCH_PAGE_BYTES, "a log is made of pages");

bool vm_log_prepare(struct kiln_vm_version *snapshot)
{
    struct log_page *first = snapshot->log;
    if (first && first->count < LOG_RECORDS)
        return true;
    struct log_page *page = (struct log_page *)page_alloc(0, 0);
    if (!page)
        return false;
    page->next = first;
    page->count = 0;
    snapshot->log = page;
    return true;
}

void vm_log_add(struct kiln_vm_version *snapshot, uintptr_t address, uintptr_t saved)
{
    struct log_page *page = snapshot->log;
    page->records[page->count++] = (struct log_record){address, saved};
}

/* Why a range cannot be put into a snapshot, or 0. */
static int refuses(uintptr_t start, uintptr_t end)
{
    size_t i = vm_area_after(start);
    if (!vm_area_covers(i, start, end))
        return -EFAULT;
    const struct kiln_vm_version *older = vm.areas[i].snapshot;
    if (older && (older->start != start || older->end != end))
        return -EBUSY;
    for (; i < vm.count && vm.areas[i].start < end; i++) {
        if (!vm.areas[i].is_mapped)
            return -EFAULT;
        if (vm.areas[i].snapshot != older)
            return -EBUSY;
    }
    return 0;
}

/* Whether there may be blocks in a range. */
static bool has_blocks(uintptr_t start, uintptr_t end)
{
    for (size_t i = vm_area_after(start); i < vm.count && vm.areas[i].start < end; i++)
        if (vm.areas[i].has_blocks)
            return true;
    return false;
}

/* Sets the newest snapshot of the areas in its range. */
static void set_newest(const struct kiln_vm_version *range, struct kiln_vm_version *newest)
{
    size_t from = vm_area_after(range->start), i = from;
    for (; i < vm.count && vm.areas[i].start < range->end; i++) {
        vm.areas[i].snapshot = newest;
        vm.areas[i].has_blocks = false;
    }
    vm_area_join(from, i);
}

static void begin(struct kiln_vm_version *snapshot, uintptr_t start, uintptr_t end)
{
    uintptr_t state = kiln_spin_lock(&vm.lock);
    size_t first = vm_area_cut(start);
    vm_area_cut(end);
    *snapshot = (struct kiln_vm_version){
        .start = start,
        .end = end,
        .number = ++vm.snapshots,
        .older = vm.areas[first].snapshot,
    };
    set_newest(snapshot, snapshot);
    kiln_spin_unlock(&vm.lock, state);
}

static void protect_all(uintptr_t start, uintptr_t end)
{
    for (size_t i = vm_area_after(start); i < vm.count && vm.areas[i].start < end; i++)
        if (vm.areas[i].access == KILN_VM_WRITE)
            vm_protect_pages(vm.areas[i].start, vm.areas[i].end, ARCH_MAP_READ_ONLY);
}

static int take(struct kiln_vm_version *snapshot, uintptr_t start, uintptr_t end)
{
    int error = refuses(start, end);
    if (!error)
        error = vm_area_prepare();
    if (!error && has_blocks(start, end))
        error = vm_cut_blocks(start, end, ARCH_PAGE_BYTES);
    if (error)
        return error;
    begin(snapshot, start, end);
    protect_all(start, end);
    return 0;
}

int kiln_vm_snapshot(struct kiln_vm_version *snapshot, void *start, size_t bytes)
{
    uintptr_t from = (uintptr_t)start;
    if (vm_is_bad_range(from, bytes))
        return -EINVAL;
    vm_enter();
    int error = take(snapshot, from, from + bytes);
    vm_leave();
    return error;
}

/* The newest snapshot of this one's range if this is among them, else NULL. */
static struct kiln_vm_version *newest_of(const struct kiln_vm_version *snapshot)
{
    size_t at = vm_area_after(snapshot->start);
    struct kiln_vm_version *newest = at < vm.count ? vm.areas[at].snapshot : NULL;
    for (const struct kiln_vm_version *one = newest; one; one = one->older)
        if (one == snapshot)
            return newest;
    return NULL;
}

/* The page that has been written since goes into the record, until TLBs are flushed. */
static inline void undo(struct log_record *record)
{
    enum arch_mapping kind = record->saved ? ARCH_MAP_READ_ONLY : ARCH_MAP_NONE;
    uintptr_t state = mm_lock(&vm.lock);
    record->saved = arch_mmu_exchange(&vm.space, record->address, record->saved, kind);
    mm_unlock(&vm.lock, state);
}

/* Undoes a log, whose pages then stand in front of a list of those that are done. */
static struct log_page *undo_all(struct log_page *page, struct log_page *done)
{
    while (page) {
        struct log_page *next = page->next;
        struct log_record *end = &page->records[page->count];
        for (struct log_record *record = page->records; record < end; record++)
            undo(record);
        page->next = done;
        done = page;
        page = next;
    }
    return done;
}

static void free_log(struct log_page *page)
{
    while (page) {
        struct log_page *next = page->next;
        struct log_record *end = &page->records[page->count];
        for (struct log_record *record = page->records; record < end; record++)
            page_free(record->saved, 0);
        page_free((uintptr_t)page, 0);
        page = next;
    }
}

/* Takes a snapshot's log away, so that what is written from now on is noted apart from it. */
static struct log_page *take_log(struct kiln_vm_version *snapshot)
{
    uintptr_t state = kiln_spin_lock(&vm.lock);
    struct log_page *log = snapshot->log;
    snapshot->log = NULL;
    kiln_spin_unlock(&vm.lock, state);
    return log;
}

static void make_newest(const struct kiln_vm_version *range, struct kiln_vm_version *snapshot)
{
    uintptr_t state = kiln_spin_lock(&vm.lock);
    set_newest(range, snapshot);
    kiln_spin_unlock(&vm.lock, state);
}

static void roll_back(struct kiln_vm_version *snapshot, struct kiln_vm_version *newest)
{
    struct log_page *done = NULL;
    make_newest(snapshot, snapshot);
    while (newest != snapshot) {
        struct kiln_vm_version *older = newest->older;
        done = undo_all(newest->log, done);
        *newest = (struct kiln_vm_version){0};
        newest = older;
    }
    done = undo_all(take_log(snapshot), done);
    arch_mmu_flush(snapshot->start, snapshot->end - snapshot->start);
    free_log(done);
}

int kiln_vm_rollback(struct kiln_vm_version *snapshot)
{
    vm_enter();
    struct kiln_vm_version *newest = newest_of(snapshot);
    if (newest)
        roll_back(snapshot, newest);
    vm_leave();
    return newest ? 0 : -EINVAL;
}

/* Takes it out of its range's snapshots; faults do not know it from here on. */
static void unlink(struct kiln_vm_version *snapshot, struct kiln_vm_version *newest)
{
    if (newest == snapshot) {
        make_newest(snapshot, snapshot->older);
        return;
    }
    while (newest->older != snapshot)
        newest = newest->older;
    newest->older = snapshot->older;
}

/* An older snapshot wants what has not been written since it was taken itself. */
static bool is_wanted(const struct log_record *record, const struct kiln_vm_version *older)
{
    return older && (!record->saved || (uintptr_t)page_of(record->saved)->owner < older->number);
}

static void filter(struct log_page *page, const struct kiln_vm_version *older)
{
    size_t kept = 0;
    for (size_t i = 0; i < page->count; i++) {
        struct log_record record = page->records[i];
        if (is_wanted(&record, older))
            page->records[kept++] = record;
        else if (record.saved)
            page_free(record.saved, 0);
    }
    page->count = kept;
}

/* The older one's log goes on with this one's pages, as far as there is something left in them. */
static void pass_on(struct log_page *page, struct kiln_vm_version *older)
{
    while (page) {
        struct log_page *next = page->next;
        filter(page, older);
        if (page->count) {
            uintptr_t state = kiln_spin_lock(&vm.lock);
            page->next = older->log;
            older->log = page;
            kiln_spin_unlock(&vm.lock, state);
        } else {
            page_free((uintptr_t)page, 0);
        }
        page = next;
    }
}

int kiln_vm_snapshot_end(struct kiln_vm_version *snapshot)
{
    vm_enter();
    struct kiln_vm_version *newest = newest_of(snapshot);
    if (newest) {
        unlink(snapshot, newest);
        pass_on(snapshot->log, snapshot->older);
        *snapshot = (struct kiln_vm_version){0};
    }
    vm_leave();
    return newest ? 0 : -EINVAL;
}
