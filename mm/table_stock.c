/* Tables that are made in advance. */
#include "table_stock.h"
#include <mm/lock.h>
#include <mm/page.h>

/* False: there are enough of them. */
static bool add(struct table_stock *stock, struct kiln_spinlock *lock, uintptr_t table)
{
    uintptr_t state = mm_lock(lock);
    bool has_room = stock->count < TABLE_STOCK_MOST;
    if (has_room) {
        stock->tables[stock->count] = table;
        __atomic_store_n(&stock->count, stock->count + 1, __ATOMIC_RELAXED);
    }
    mm_unlock(lock, state);
    return has_room;
}

bool table_stock_fill(struct table_stock *stock, struct kiln_spinlock *lock,
                      const struct arch_space *space, uintptr_t va, size_t bytes)
{
    size_t span = arch_mmu_query(space, va).block_bytes;
    unsigned have = __atomic_load_n(&stock->count, __ATOMIC_RELAXED);
    for (; span > bytes; span /= ARCH_PAGE_BYTES / sizeof(uint64_t)) {
        if (have > 0) {
            have--;
            continue;
        }
        uintptr_t table = page_alloc(0, PAGE_ZERO | PAGE_WAIT);
        if (!table)
            return false;
        if (!add(stock, lock, table))
            page_free(table, 0);
    }
    return true;
}

static uintptr_t take(struct table_stock *stock)
{
    if (stock->count == 0)
        return 0;
    __atomic_store_n(&stock->count, stock->count - 1, __ATOMIC_RELAXED);
    return stock->tables[stock->count];
}

uintptr_t table_stock_take(struct table_stock *stock)
{
    uintptr_t table = take(stock);
    return table ? table : page_alloc(0, PAGE_ZERO);
}

void table_stock_empty(struct table_stock *stock, struct kiln_spinlock *lock)
{
    while (__atomic_load_n(&stock->count, __ATOMIC_RELAXED)) {
        uintptr_t state = mm_lock(lock), table = take(stock);
        mm_unlock(lock, state);
        if (table)
            page_free(table, 0);
    }
}
