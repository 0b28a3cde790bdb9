/*
 * Tables that a mapping needs are made before the lock is taken under which it is done: to zero one
 * takes as long as interrupts may be masked at all.
 */
#ifndef TABLE_STOCK_H
#define TABLE_STOCK_H

#include <arch/mmu.h>
#include <kiln/spinlock.h>

#define TABLE_STOCK_MOST 3u /* levels below the root, where there are four */

struct table_stock {
    uintptr_t tables[TABLE_STOCK_MOST]; /* the lock of those who map */
    unsigned count;                     /* atomic */
};

/* Makes tables for something that is mapped at an address by entries that span so many bytes. The
 * lock is free. False: no memory. */
bool table_stock_fill(struct table_stock *stock, struct kiln_spinlock *lock,
                      const struct arch_space *space, uintptr_t va, size_t bytes);

/* One of them, or one that is made now; 0: no memory. The lock. */
uintptr_t table_stock_take(struct table_stock *stock);

/* Gives back what was not needed. The lock is free. */
void table_stock_empty(struct table_stock *stock, struct kiln_spinlock *lock);

#endif
