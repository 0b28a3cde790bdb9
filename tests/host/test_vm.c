/*
 * Virtual memory against a model that knows each page of a window by itself: random calls, and
 * accesses by CPUs with TLBs. Memory is short in some runs.
 */
#include <errno.h>
#include "vm_machine.h"

#define SNAPSHOTS 6

/* What the model says of a page. */
struct model_page {
    bool is_reserved, is_mapped;
    uint8_t access;
    uint8_t snapshots; /* that hold it */
    uint32_t value;    /* its first word */
};
static struct model_page model[WINDOW];

struct model_snapshot {
    struct kiln_vm_version snapshot;
    bool is_live;
    size_t first, count;
    unsigned depth; /* older ones of the same range */
    uint32_t values[WINDOW];
};
static struct model_snapshot snapshots[SNAPSHOTS];

static unsigned results[200]; /* how often each error came */

static uintptr_t address_of(size_t page)
{
    return vm.floor + page * PAGE;
}

/* The word that an access of a CPU finds, by way of its TLB or the tables and faults. */
static bool access_page(size_t page, enum arch_access access, uint32_t **word)
{
    struct arch_mapping_info *entry = &tlb[host_cpu.id][page];
    for (unsigned tries = 0; tries < 3; tries++) {
        if (entry->kind == ARCH_MAP_NONE)
            *entry = arch_mmu_query(&vm.space, address_of(page));
        *word = (uint32_t *)entry->physical;
        if (access == ARCH_ACCESS_WRITE   ? entry->kind == ARCH_MAP_DATA
            : access == ARCH_ACCESS_FETCH ? entry->kind == ARCH_MAP_CODE
                                          : entry->kind != ARCH_MAP_NONE)
            return true;
        struct arch_frame frame = {
            .is_access = true, .access = access, .address = address_of(page) + 8};
        host_cpu.in_interrupt = host_cpu.irqs_off = true;
        bool is_mended = mm_fault_hook(&frame, NULL);
        host_cpu.in_interrupt = host_cpu.irqs_off = false;
        if (!is_mended)
            return false;
    }
    TEST_HOLDS(false, "page %zu faults again and again", page);
    return false;
}

static bool may(const struct model_page *page, enum arch_access access)
{
    if (!page->is_mapped)
        return false;
    return access == ARCH_ACCESS_READ    ? page->access != KILN_VM_NO_ACCESS
           : access == ARCH_ACCESS_WRITE ? page->access == KILN_VM_WRITE
                                         : page->access == KILN_VM_EXECUTE;
}

static void check_page(size_t page, enum arch_access access)
{
    uint32_t *word;
    bool allowed = may(&model[page], access);
    bool done = access_page(page, access, &word);
    if (allowed && !done && machine_is_short())
        return;
    TEST_HOLDS(done == allowed, "page %zu, access %u, is %d", page, access, done);
    if (done && allowed)
        TEST_HOLDS(*word == model[page].value, "page %zu holds %u instead of %u", page, *word,
                   model[page].value);
}

static void check_query(size_t page)
{
    struct kiln_vm_info info;
    TEST_HOLDS(kiln_vm_query((void *)(address_of(page) + 5), &info) == 0, "query");
    TEST_HOLDS(
        info.is_reserved == model[page].is_reserved && info.is_mapped == model[page].is_mapped &&
            info.access == model[page].access && info.is_snapshot == (model[page].snapshots > 0),
        "page %zu is queried as %d %d %u", page, info.is_reserved, info.is_mapped, info.access);
}

static void check_all(void)
{
    for (size_t page = 0; page < WINDOW; page++) {
        check_query(page);
        host_cpu.id = (unsigned)test_below(CPUS);
        if (page % 3 == 0)
            check_page(page, (enum arch_access)test_below(3));
    }
    machine_check_tlbs();
}

struct range {
    size_t first, count;
};

/* Often one that begins and ends where something else does. */
static struct range random_range(void)
{
    struct range range = {test_below(WINDOW - 1), 0};
    for (int tries = 0; tries < 5 && !model[range.first].is_reserved; tries++)
        range.first = test_below(WINDOW - 1);
    if (test_below(2))
        while (range.first > 0 && model[range.first - 1].is_reserved)
            range.first--;
    static const size_t most[] = {3, 40, 700, 1600};
    range.count = 1 + test_below(most[test_below(4)]);
    if (range.count > WINDOW - range.first)
        range.count = WINDOW - range.first;
    size_t end = range.first;
    while (end < WINDOW && model[end].is_reserved)
        end++;
    if (end > range.first && (end - range.first < range.count || test_below(4) == 0))
        range.count = end - range.first;
    return range;
}

enum need { NOTHING, RESERVED, MAPPED, NOT_MAPPED };

static bool holds_all(struct range range, enum need need)
{
    for (size_t page = range.first; page < range.first + range.count; page++)
        if (need == NOT_MAPPED ? model[page].is_mapped
            : need == MAPPED   ? !model[page].is_mapped
                               : need == RESERVED && !model[page].is_reserved)
            return false;
    return true;
}

static bool is_held(struct range range)
{
    for (size_t page = range.first; page < range.first + range.count; page++)
        if (model[page].snapshots)
            return true;
    return false;
}

static void set(struct range range, struct model_page value, bool keeps_value)
{
    for (size_t page = range.first; page < range.first + range.count; page++) {
        uint32_t old = model[page].value;
        model[page] = value;
        if (keeps_value)
            model[page].value = old;
    }
}

/* Whether the call succeeded; its result has to be this one, or that memory is short. */
static bool is_done(int got, int want, const char *what)
{
    results[-got]++;
    TEST_HOLDS(got == want || (got == -ENOMEM && want == 0), "%s gives %d instead of %d", what, got,
               want);
    return got == 0;
}

static void do_reserve(void)
{
    size_t count = 1 + test_below(test_below(3) ? 40 : 1200);
    size_t alignment = test_below(3) ? 0 : PAGE << test_below(8);
    void *start;
    if (kiln_vm_reserve(count * PAGE, alignment, &start))
        return;
    size_t first = ((uintptr_t)start - vm.floor) / PAGE;
    TEST_HOLDS(!alignment || (uintptr_t)start % alignment == 0, "%p for %zx", start, alignment);
    if (first + count + 1 > WINDOW) {
        kiln_vm_release(start, count * PAGE);
        return;
    }
    for (size_t page = first - 1; page <= first + count; page++)
        TEST_HOLDS(!model[page].is_reserved, "page %zu is reserved twice", page);
    set((struct range){first, count}, (struct model_page){.is_reserved = true}, false);
}

static void do_release(struct range range)
{
    int want = is_held(range) ? -EBUSY : 0;
    if (is_done(kiln_vm_release((void *)address_of(range.first), range.count * PAGE), want,
                "release"))
        set(range, (struct model_page){0}, false);
}

static void do_map(struct range range)
{
    unsigned access = (unsigned)(test_below(2) ? KILN_VM_WRITE : test_below(4));
    unsigned flags = access == KILN_VM_NO_ACCESS ? 0 : (unsigned)test_below(2);
    int want = !holds_all(range, RESERVED) ? -EFAULT : !holds_all(range, NOT_MAPPED) ? -EEXIST : 0;
    if (is_done(kiln_vm_map((void *)address_of(range.first), range.count * PAGE,
                            (enum kiln_vm_access)access, flags),
                want, "map"))
        set(range, (struct model_page){true, true, (uint8_t)access, 0, 0}, false);
}

static void do_reserve_at(struct range range)
{
    int want = 0;
    for (size_t page = range.first; page < range.first + range.count; page++)
        if (model[page].is_reserved)
            want = -EEXIST;
    if (is_done(kiln_vm_reserve_at((void *)address_of(range.first), range.count * PAGE), want,
                "reserve at"))
        set(range, (struct model_page){.is_reserved = true}, false);
}

/* Where a range may go: reserved, and not mapped, mostly. */
static struct range random_place(size_t count)
{
    struct range place = random_range();
    for (int tries = 0; tries < 20 && model[place.first].is_mapped; tries++)
        place = random_range();
    if (test_below(3) == 0)
        place.first &= ~(size_t)511;
    place.count = count < WINDOW - place.first ? count : WINDOW - place.first;
    for (size_t n = 1; n < place.count && test_below(500); n++)
        if (!model[place.first + n].is_reserved || model[place.first + n].is_mapped)
            place.count = n;
    return place;
}

static int move_refused(struct range from, struct range to)
{
    if (from.first < to.first + to.count && to.first < from.first + from.count)
        return -EINVAL;
    if (!holds_all(from, MAPPED) || !holds_all(to, RESERVED))
        return -EFAULT;
    for (size_t n = 1; n < from.count; n++)
        if (model[from.first + n].access != model[from.first].access)
            return -EFAULT;
    return holds_all(to, NOT_MAPPED) ? 0 : -EEXIST;
}

static void do_move(struct range from)
{
    struct range to = random_place(from.count);
    from.count = to.count;
    if (test_below(2))
        from.first += (to.first - from.first) % 512;
    if (from.first + from.count > WINDOW || is_held(from))
        return;
    void *start = (void *)address_of(from.first), *place = (void *)address_of(to.first);
    if (!is_done(kiln_vm_move(start, place, from.count * PAGE), move_refused(from, to), "move"))
        return;
    memcpy(&model[to.first], &model[from.first], from.count * sizeof(model[0]));
    set(from, (struct model_page){.is_reserved = true}, false);
    results[2]++;
}

static void do_unmap(struct range range)
{
    int want = !holds_all(range, RESERVED) ? -EFAULT : is_held(range) ? -EBUSY : 0;
    if (is_done(kiln_vm_unmap((void *)address_of(range.first), range.count * PAGE), want, "unmap"))
        set(range, (struct model_page){.is_reserved = true}, false);
}

static void do_protect(struct range range)
{
    unsigned access = (unsigned)(test_below(2) ? KILN_VM_WRITE : test_below(4));
    int want = !holds_all(range, MAPPED) ? -EFAULT : is_held(range) ? -EBUSY : 0;
    if (is_done(kiln_vm_protect((void *)address_of(range.first), range.count * PAGE,
                                (enum kiln_vm_access)access),
                want, "protect"))
        set(range, (struct model_page){true, true, (uint8_t)access, 0, 0}, true);
}

static bool is_same(const struct model_snapshot *one, struct range range)
{
    return one->is_live && one->first == range.first && one->count == range.count;
}

static int snapshot_refused(struct range range, unsigned *depth)
{
    *depth = 0;
    for (unsigned i = 0; i < SNAPSHOTS; i++)
        *depth += is_same(&snapshots[i], range);
    if (!holds_all(range, MAPPED))
        return -EFAULT;
    return *depth == 0 && is_held(range) ? -EBUSY : 0;
}

static void count_held(struct range range, int by)
{
    for (size_t page = range.first; page < range.first + range.count; page++)
        model[page].snapshots = (uint8_t)(model[page].snapshots + by);
}

static void do_snapshot(struct range range)
{
    struct model_snapshot *one = &snapshots[test_below(SNAPSHOTS)];
    struct model_snapshot *other = &snapshots[test_below(SNAPSHOTS)];
    unsigned depth;
    if (one->is_live)
        return;
    if (other->is_live && test_below(2))
        range = (struct range){other->first, other->count};
    int want = snapshot_refused(range, &depth);
    if (want == -EFAULT && is_held(range))
        return; /* either is right */
    void *start = (void *)address_of(range.first);
    if (!is_done(kiln_vm_snapshot(&one->snapshot, start, range.count * PAGE), want, "snapshot"))
        return;
    one->is_live = true;
    one->first = range.first, one->count = range.count;
    one->depth = depth;
    for (size_t i = 0; i < range.count; i++)
        one->values[i] = model[range.first + i].value;
    count_held(range, 1);
}

/* Ends those of the range that are at this depth, or deeper ones, and moves what is above down. */
static void model_end(const struct model_snapshot *ended, bool with_newer)
{
    struct range range = {ended->first, ended->count};
    unsigned depth = ended->depth;
    for (unsigned i = 0; i < SNAPSHOTS; i++) {
        if (!is_same(&snapshots[i], range) || snapshots[i].depth < depth)
            continue;
        if (snapshots[i].depth == depth ? with_newer : !with_newer) {
            snapshots[i].depth -= !with_newer;
            continue;
        }
        snapshots[i].is_live = false;
        count_held(range, -1);
    }
}

static void do_rollback(void)
{
    struct model_snapshot *one = &snapshots[test_below(SNAPSHOTS)];
    int got = kiln_vm_rollback(&one->snapshot);
    TEST_HOLDS(got == (one->is_live ? 0 : -EINVAL), "rollback gives %d", got);
    if (got)
        return;
    for (size_t i = 0; i < one->count; i++)
        model[one->first + i].value = one->values[i];
    model_end(one, true);
    results[1]++;
}

static void do_end(void)
{
    struct model_snapshot *one = &snapshots[test_below(SNAPSHOTS)];
    int want = one->is_live ? 0 : -EINVAL;
    if (is_done(kiln_vm_snapshot_end(&one->snapshot), want, "end"))
        model_end(one, false);
}

static void do_access(struct range range)
{
    for (size_t page = range.first; page < range.first + range.count; page++) {
        enum arch_access access = (enum arch_access)test_below(3);
        uint32_t *word;
        host_cpu.id = (unsigned)test_below(CPUS);
        check_page(page, access);
        if (access != ARCH_ACCESS_WRITE || !may(&model[page], access) ||
            !access_page(page, access, &word))
            continue;
        *word = model[page].value = (uint32_t)test_random();
    }
}

/* Snapshots of one range, one on top of another, with writes between them. */
static void do_nest(struct range range)
{
    if (!holds_all(range, MAPPED) || is_held(range))
        return;
    struct range part = {range.first + test_below(range.count), 1};
    if (test_below(2))
        do_protect(range);
    for (int i = 0; i < 30; i++) {
        switch (test_below(6)) {
        case 0:
            do_snapshot(range);
            break;
        case 1:
            do_rollback();
            break;
        case 2:
            do_end();
            break;
        default:
            do_access(test_below(3) ? part : range);
            break;
        }
    }
}

static void step(void)
{
    struct range range = random_range();
    host_cpu.id = (unsigned)test_below(CPUS);
    switch (test_below(15)) {
    case 0:
        do_reserve();
        break;
    case 1:
        do_release(range);
        break;
    case 2:
    case 3:
        do_map(range);
        break;
    case 4:
        do_unmap(range);
        break;
    case 5:
        do_protect(range);
        break;
    case 6:
        do_snapshot(range);
        break;
    case 7:
        do_rollback();
        break;
    case 8:
        do_end();
        break;
    case 9:
        do_nest(range);
        break;
    case 10:
        do_reserve_at(range);
        break;
    case 11:
    case 12:
        do_move(range);
        break;
    default:
        do_access(range);
        break;
    }
}

static void end(void)
{
    for (unsigned i = 0; i < SNAPSHOTS; i++) {
        TEST_HOLDS(kiln_vm_snapshot_end(&snapshots[i].snapshot) ==
                       (snapshots[i].is_live ? 0 : -EINVAL),
                   "snapshot %u", i);
        snapshots[i].is_live = false;
    }
    memset(model, 0, sizeof(model));
    TEST_HOLDS(kiln_vm_release((void *)vm.floor, WINDOW * PAGE) == 0, "release of all");
    check_all();
}

static void run(unsigned va_bits, size_t pages, unsigned steps, const char *what)
{
    machine_begin(va_bits, pages);
    size_t before = machine_free_pages();
    for (unsigned i = 0; i < steps; i++) {
        machine_let_fail();
        step();
        machine_let_succeed();
        host_cpu.id = 0;
        machine_check_tlbs();
        if (i % 50 == 49)
            check_all();
        if (i % 400 == 399) {
            host_cpu.id = 0;
            end();
        }
    }
    end();
    host_cpu.id = 0;
    TEST_HOLDS(machine_free_pages() == before, "%zu pages are free instead of %zu",
               machine_free_pages(), before);
    TEST_HOLDS(deadlocks == 0, "%u times", deadlocks);
    test_property(what);
}

int main(int argc, char **argv)
{
    static const unsigned top_leaves[] = FORMAT_TOP_LEAVES;
    test_begin(argc, argv, 1);
    format_set_top_leaf(top_leaves[0]);
    format_set_physical_bits(48); /* the memory is the host's */
    run(39, 12000, 8000, "39 bits");
    run(48, 12000, 4000, "48 bits");
    run(39, 500, 6000, "39 bits, memory is short");
    run(48, 120, 6000, "48 bits, memory is very short");
    printf("# %u done, %u busy, %u not mapped, %u mapped, %u no memory, %u rollbacks, "
           "%u moves\n",
           results[0], results[EBUSY], results[EFAULT], results[EEXIST], results[ENOMEM],
           results[1], results[2]);
    TAP_CHECK(results[0] > 500 && results[EBUSY] > 50 && results[EFAULT] > 100 &&
              results[EEXIST] > 50 && results[ENOMEM] > 50 && results[1] > 100 && results[2] > 100);
    return tap_done();
}
