/*
 * Virtual memory: ranges of addresses of their own, above RAM and devices, that are mapped to pages
 * at once or on demand, protected, and set back to what they held before.
 *
 * Ranges begin and end on pages of KILN_VM_PAGE bytes. An unmapped page at least lies on both sides
 * of each reserved range. A range may contain several that were reserved or mapped one by one.
 */
#ifndef KILN_VM_H
#define KILN_VM_H

#include <kiln/api.h>

KILN_BEGIN

#define KILN_VM_PAGE ((size_t)4096)

/** What may be done in a mapped range. Nothing can be both written and executed. */
enum kiln_vm_access {
    KILN_VM_NO_ACCESS, /**< nothing; what it holds is kept */
    KILN_VM_READ,
    KILN_VM_WRITE,  /**< read and write */
    KILN_VM_EXECUTE /**< read and execute */
};

/** How a range is mapped. */
enum kiln_vm_flags {
    KILN_VM_ON_DEMAND = 0, /**< a page of zeros when it is first touched, but not in a handler */
    KILN_VM_POPULATE = 1 /**< pages of zeros at once, in blocks of 1 GiB and 2 MiB where they fit */
};

/**
 * Reserves addresses; nothing is mapped there. `alignment` is a power of two or 0: blocks of 2 MiB
 * or 1 GiB fit if the range is so large. 0, -EINVAL, or -ENOMEM: no addresses, or no memory to note
 * them. Thread context. Cost: linear in the number of ranges.
 */
int kiln_vm_reserve(size_t bytes, size_t alignment, void **start);

/** Reserves these addresses, which may lie directly beside what is reserved. 0, -EINVAL: no whole
 * pages, or other addresses than kiln_vm_reserve() gives; -EEXIST: something of them is reserved;
 * -ENOMEM. Thread context. */
int kiln_vm_reserve_at(void *start, size_t bytes);

/**
 * Unmaps a range and gives its addresses back; what is not reserved is passed over. 0, -EINVAL,
 * -EBUSY: a snapshot holds a part; -ENOMEM: no memory to cut a block or a range in two, and nothing
 * is changed. Thread context.
 */
int kiln_vm_release(void *start, size_t bytes);

/**
 * Maps a reserved range. 0, -EINVAL, -EFAULT: not reserved throughout; -EEXIST: a part is mapped;
 * -ENOMEM, and nothing is changed. On demand, a page that cannot be had when it is touched is a
 * panic. Thread context.
 */
int kiln_vm_map(void *start, size_t bytes, enum kiln_vm_access access, unsigned flags);

/** Unmaps a range, which stays reserved. 0, -EINVAL, -EFAULT: not reserved throughout; -EBUSY,
 * -ENOMEM as for kiln_vm_release(). Thread context. */
int kiln_vm_unmap(void *start, size_t bytes);

/** Changes what may be done in a mapped range; what it holds stays. Code becomes visible to
 * execution. 0, -EINVAL, -EFAULT: not mapped throughout; -EBUSY, -ENOMEM as above. Thread context.
 */
int kiln_vm_protect(void *start, size_t bytes, enum kiln_vm_access access);

/**
 * Moves what a range holds, which is mapped in one way, to one that is reserved, by its tables'
 * entries; the first stays reserved. 0, -EINVAL: no whole pages, or the ranges overlap; -EFAULT:
 * not mapped in one way, or the other not reserved throughout; -EEXIST: a part of that is mapped;
 * -EBUSY: a snapshot holds a part; -ENOMEM, and nothing is changed. Thread context. About 150
 * instructions a page, or a block where both begin on the like.
 */
int kiln_vm_move(void *from, void *to, size_t bytes);

/** What kiln_vm_query() finds. */
struct kiln_vm_info {
    void *start; /**< of the stretch around the address of which all this holds */
    size_t bytes;
    bool is_reserved;
    bool is_mapped;
    enum kiln_vm_access access;
    bool is_snapshot;   /**< a snapshot holds it */
    size_t block_bytes; /**< the page or block at the address; 0: none yet, or no access */
};

/** 0, or -EINVAL: no address that could be reserved. Thread context. */
int kiln_vm_query(const void *address, struct kiln_vm_info *info);

/**
 * What a range held at one moment. Zeros, it is none. Its memory belongs to the runtime while it is
 * one, and has to be there always: a variable, say, not memory on demand.
 */
struct kiln_vm_version {
    uintptr_t start, end;
    uint64_t number;               /* counts snapshots */
    struct kiln_vm_version *older; /* of the same range */
    void *log;                     /* pages that were written since */
};

/**
 * Remembers what a mapped range holds, by protecting it: the first write to a page then copies it.
 * Not in a handler, though. A range may have several snapshots. 0, -EINVAL, -EFAULT: not mapped
 * throughout; -EBUSY: another snapshot holds a part, or more than this range; -ENOMEM. Meanwhile
 * the range cannot be unmapped or protected otherwise. What other CPUs write during the call may be
 * in it or not. Thread context.
 */
int kiln_vm_snapshot(struct kiln_vm_version *snapshot, void *start, size_t bytes);

/**
 * Sets the range back to what it held, by exchanging the pages that were written since; the
 * snapshot stays and can be used again. Newer ones of the same range end. 0, -EINVAL: it is no
 * snapshot. What other CPUs write during the call may be lost or not. The thread's own stack must
 * not be in the range. Thread context.
 */
int kiln_vm_rollback(struct kiln_vm_version *snapshot);

/** Ends a snapshot; what the range holds stays. 0, -EINVAL: it is none. Thread context. */
int kiln_vm_snapshot_end(struct kiln_vm_version *snapshot);

KILN_END

#endif
