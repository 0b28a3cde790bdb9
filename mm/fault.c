/* Fault injection: counts allocations, and knows by which backtraces they come. */
#include <mm/fault.h>

#include <errno.h>
#include <arch/frame.h>
#include <mm/lock.h>

#define DEPTH     8u
#define PATHS     1024u /* more are not told apart */
#define HASH_SEED UINT64_C(0xCBF29CE484222325)
#define HASH_STEP UINT64_C(0x100000001B3)

struct path {
    uint64_t hash;
    uint64_t first; /* the number of its first allocation; 0: the place is free */
};

/* Protected by the lock. */
static struct {
    struct kiln_spinlock lock;
    struct kiln_fault_counts counts;
    uint64_t first; /* these fail */
    uint64_t last;
    bool each_path;
    struct path paths[PATHS];
} faults = {.lock = KILN_SPINLOCK_INIT, .first = 1};

/* FNV-1a over the return addresses above the call that allocates. */
static __attribute__((noinline)) uint64_t hash_of_backtrace(void)
{
    struct arch_backtrace_step step = {.fp = (uintptr_t)__builtin_frame_address(0)};
    uint64_t hash = HASH_SEED;

    for (unsigned depth = 0; depth < DEPTH && step.fp; depth++) {
        step = arch_backtrace_next(step.fp);
        hash = (hash ^ step.pc) * HASH_STEP;
    }
    return hash;
}

/* Whether nobody has come by this path before. */
static bool is_new_path(uint64_t hash, uint64_t number)
{
    struct path *path = &faults.paths[hash % PATHS];

    for (unsigned left = PATHS; left > 0; left--) {
        if (path->first && path->hash == hash)
            return false;
        if (!path->first) {
            *path = (struct path){hash, number};
            faults.counts.paths++;
            return true;
        }
        path = path == &faults.paths[PATHS - 1] ? faults.paths : path + 1;
    }
    return false;
}

bool fault_count(void)
{
    uint64_t hash = hash_of_backtrace();
    uintptr_t state = mm_lock(&faults.lock);
    uint64_t number = ++faults.counts.allocations;
    bool is_new = is_new_path(hash, number);
    bool fails = (number >= faults.first && number <= faults.last) || (is_new && faults.each_path);

    faults.counts.failures += fails;
    mm_unlock(&faults.lock, state);
    return fails;
}

/* Numbers that would be too large saturate. */
static uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b < a ? UINT64_MAX : a + b;
}

int kiln_fail_allocations(uint64_t first, uint64_t count)
{
    if (!KILN_CONFIG_FAULT_INJECTION)
        return -ENOTSUP;
    uintptr_t state = mm_lock(&faults.lock);

    faults.first = sum(faults.counts.allocations, first);
    faults.last = count ? sum(faults.first, count - 1) : 0;
    mm_unlock(&faults.lock, state);
    return 0;
}

void kiln_fault_get_counts(struct kiln_fault_counts *counts)
{
    *counts = (struct kiln_fault_counts){0};
    if (!KILN_CONFIG_FAULT_INJECTION)
        return;
    uintptr_t state = mm_lock(&faults.lock);

    *counts = faults.counts;
    mm_unlock(&faults.lock, state);
}

void fault_fail_each_path(void)
{
    faults.each_path = true;
}

uint64_t fault_path(unsigned n)
{
    for (unsigned i = 0; i < PATHS; i++)
        if (faults.paths[i].first && n-- == 0)
            return faults.paths[i].first;
    return 0;
}
