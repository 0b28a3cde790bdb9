/* Fault injection: counts allocations, and knows by which backtraces they come. */
#include <mm/fault.h>

#include <errno.h>
#include <stddef.h>
#include <arch/frame.h>
#include <mm/lock.h>

#define PATHS     1024u /* more are not told apart */
#define HASH_SEED UINT64_C(0xCBF29CE484222325)
#define HASH_STEP UINT64_C(0x100000001B3)

struct path {
    uint64_t hash;
    struct fault_path path; /* first 0: the place is free */
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

/* The return addresses above the call that allocates. */
static __attribute__((noinline)) void walk_stack(struct fault_path *path)
{
    struct arch_backtrace_step step = {.fp = (uintptr_t)__builtin_frame_address(0)};

    for (unsigned depth = 0; depth < FAULT_DEPTH && step.fp; depth++) {
        step = arch_backtrace_next(step.fp);
        path->callers[depth] = step.pc;
    }
}

/* FNV-1a. */
static uint64_t hash_of(const struct fault_path *path)
{
    uint64_t hash = HASH_SEED;

    for (unsigned depth = 0; depth < FAULT_DEPTH; depth++)
        hash = (hash ^ path->callers[depth]) * HASH_STEP;
    return hash;
}

/* Whether nobody has come by this path before. */
static bool is_new_path(uint64_t hash, const struct fault_path *path)
{
    struct path *place = &faults.paths[hash % PATHS];

    for (unsigned left = PATHS; left > 0; left--) {
        if (place->path.first && place->hash == hash)
            return false;
        if (!place->path.first) {
            *place = (struct path){hash, *path};
            faults.counts.paths++;
            return true;
        }
        place = place == &faults.paths[PATHS - 1] ? faults.paths : place + 1;
    }
    return false;
}

bool fault_count(void)
{
    struct fault_path path = {0};

    walk_stack(&path);
    uint64_t hash = hash_of(&path);
    uintptr_t state = mm_lock(&faults.lock);
    uint64_t number = path.first = ++faults.counts.allocations;
    bool is_new = is_new_path(hash, &path);
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

const struct fault_path *fault_path(unsigned n)
{
    for (unsigned i = 0; i < PATHS; i++)
        if (faults.paths[i].path.first && n-- == 0)
            return &faults.paths[i].path;
    return NULL;
}
