/* What the parts of virtual memory share: areas, and the space in which they are mapped. */
#ifndef VM_SPACE_H
#define VM_SPACE_H

#include <arch/frame.h>
#include <arch/mmu.h>
#include <kiln/spinlock.h>
#include <kiln/vm.h>
#include <lib/list.h>
#include <mm/vm.h>
#include "table_stock.h"

#define VM_BLOCK_ORDER 9u
#define VM_BLOCK_BYTES (ARCH_PAGE_BYTES << VM_BLOCK_ORDER)
#define VM_GIANT_BYTES (VM_BLOCK_BYTES << VM_BLOCK_ORDER) /* 1 GiB: 512 allocated blocks */

/* Reserved addresses of which one thing holds. In order of address, none touches a like one. */
struct vm_area {
    uintptr_t start, end;
    struct kiln_vm_version *snapshot; /* the newest; while there is one, nothing else changes */
    uint8_t access;                   /* enum kiln_vm_access */
    bool is_mapped;
    bool has_blocks; /* may have, that is */
};

/*
 * Calls exclude each other by `owner`, with interrupts on, because to reach the TLBs of other CPUs
 * may take an interrupt there. Faults know only the lock, which also protects the tables: whoever
 * holds both may change areas. A page's descriptor says in `owner` how many snapshots had been
 * taken when its contents became what they are; of a page without access, its address.
 */
struct vm {
    struct kiln_spinlock lock;
    uint32_t owner; /* 1: a call is running; atomic */
    struct arch_space space;
    struct table_stock tables;
    uintptr_t floor, limit; /* what can be reserved; 0 before the first call */
    struct vm_area *areas;
    size_t count, room;
    uint64_t snapshots;         /* taken ever */
    struct list_node no_access; /* pages that are not mapped, since nobody may access them */
    struct list_node leftover; /* a call's: to be freed once TLBs are flushed; owner: its address */
    mm_fault_hook_t next_hook;
};
extern struct vm vm;

/* vm.c: around each call. */
void vm_enter(void);
void vm_leave(void);

/* Whether a range is empty, not of whole pages, or goes beyond the last address. */
bool vm_is_bad_range(uintptr_t start, size_t bytes);

/* vm_area.c: the first area that ends behind the address, or vm.count. */
size_t vm_area_after(uintptr_t address);

/* Makes room for four more areas. 0 or -ENOMEM. A call. */
int vm_area_prepare(void);

/* Gives the room back if there is no area. A call. */
void vm_area_tidy(void);

/* Inserts one, and removes some. The lock. */
void vm_area_insert(size_t at, const struct vm_area *area);
void vm_area_remove(size_t from, size_t to);

/* Cuts the area at an address in two, if it is inside one: the first area that starts there or
 * behind it. The lock; room for one more. */
size_t vm_area_cut(uintptr_t address);

/* Joins like areas that touch, among those from index `from` - 1 to `to`. The lock. */
void vm_area_join(size_t from, size_t to);

/* Whether nothing of a range is reserved. A call. */
bool vm_area_is_free(uintptr_t start, uintptr_t end);

/* Where so many bytes can be reserved, 0: nowhere. A call. */
uintptr_t vm_area_find_room(size_t bytes, size_t alignment);

/* Whether areas from this one on cover the addresses up to `end` without a gap. */
bool vm_area_covers(size_t from, uintptr_t start, uintptr_t end);

/* vm.c: whether a snapshot holds a part of a range; whether all areas in it are mapped, or none;
 * makes what of it is reserved all the same; makes code in it visible to execution. A call. */
bool vm_is_held(uintptr_t start, uintptr_t end);
bool vm_is_all(uintptr_t start, uintptr_t end, bool is_mapped);
void vm_set(uintptr_t start, uintptr_t end, bool is_mapped, unsigned access, bool has_blocks);
void vm_publish_code(uintptr_t start, uintptr_t end);

/* vm_page.c. How an access is mapped. */
enum arch_mapping vm_kind(unsigned access);

/* Makes what tables a mapping by entries of so many bytes needs. A call. False: no memory. */
bool vm_make_tables(uintptr_t at, size_t bytes);

/* Maps pages of zeros, as a call. 0 or -ENOMEM, with some mapped. */
int vm_populate(uintptr_t start, uintptr_t end, unsigned access);

/* Unmaps pages, whole blocks where there are any, into a list. A call. */
void vm_take_pages(uintptr_t start, uintptr_t end, struct list_node *list);

/* Unmaps, with tables that are not needed any more, and frees. A call, no area is mapped there. */
void vm_drop(uintptr_t start, uintptr_t end);

/* Flushes, and frees what is in vm.leftover. A call. */
void vm_flush_and_free(uintptr_t start, uintptr_t end);

/* Cuts a block that reaches over an address, so that none does, and all in a range into
 * pages, or blocks of 2 MiB. 0 or -ENOMEM. A call. */
int vm_cut_block(uintptr_t address);
int vm_cut_blocks(uintptr_t start, uintptr_t end, size_t bytes);

/* Maps otherwise what is mapped. A call, which flushes. */
void vm_protect_pages(uintptr_t start, uintptr_t end, enum arch_mapping kind);

/* vm_fault.c: mends the cause of a fault, if it can. An exception's handler, or a test. */
bool vm_mend(uintptr_t address, enum arch_access access);
bool vm_fault(const struct arch_frame *frame, arch_print_t print);

/*
 * vm_snapshot.c: what has been written since a snapshot. Room for one more record is made first;
 * false: no memory. `saved` is the page that the snapshot has of the address, 0: none. The lock.
 */
bool vm_log_prepare(struct kiln_vm_version *snapshot);
void vm_log_add(struct kiln_vm_version *snapshot, uintptr_t address, uintptr_t saved);

#endif
