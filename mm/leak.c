/*
 * The search for leaks. Blocks stand in a balanced tree by address. A word that points to one makes
 * it reachable, and puts it on the list of blocks whose own words are to be looked at; a block that
 * a better pointer is found to later is put there again, once at most for each kind.
 */
#include <mm/leak.h>

#if KILN_CONFIG_CHECK_LEAKS

#include <lib/align.h>

#define WORD sizeof(uintptr_t)

/* Whether one block comes before another. */
typedef bool (*order_t)(const struct traced_block *one, const struct traced_block *other);

static struct {
    struct traced_block *root; /* of the tree */
    uintptr_t lowest, highest; /* blocks, with their headers, are between: no block's address */
    struct traced_block *work; /* ends at `last` */
    const struct traced_block *lost; /* the directly lost one from which others are found */
    struct traced_block last;
} search;

/* All blocks that a condition holds for, in the order of allocation. */
struct chain {
    struct traced_block *first, **end;
    size_t count;
    bool (*has)(const struct traced_block *block);
};

static bool add(struct traced_block *block, void *context)
{
    struct chain *chain = context;

    if (!chain->has(block))
        return true;
    *chain->end = block;
    chain->end = &block->leak.next;
    chain->count++;
    return true;
}

static struct chain collect(bool (*has)(const struct traced_block *block))
{
    struct chain chain = {.has = has};

    chain.end = &chain.first;
    traced_for_each(add, &chain);
    *chain.end = NULL;
    return chain;
}

static struct traced_block *merge(struct traced_block *one, struct traced_block *other,
                                  order_t is_before)
{
    struct traced_block *first, **end = &first;

    while (one && other) {
        struct traced_block **next = is_before(other, one) ? &other : &one;

        *end = *next;
        end = &(*next)->leak.next;
        *next = *end;
    }
    *end = one ? one : other;
    return first;
}

/* Takes so many, at least one, from the front of a chain, and puts them in order. */
static struct traced_block *sort(struct traced_block **chain, size_t count, order_t is_before)
{
    struct traced_block *first, *second;

    if (count == 1) {
        first = *chain;
        *chain = first->leak.next;
        first->leak.next = NULL;
        return first;
    }
    first = sort(chain, count / 2, is_before);
    second = sort(chain, count - count / 2, is_before);
    return merge(first, second, is_before);
}

static struct traced_block *sorted(struct chain *chain, order_t is_before)
{
    return chain->count ? sort(&chain->first, chain->count, is_before) : NULL;
}

static bool is_lower(const struct traced_block *one, const struct traced_block *other)
{
    return traced_data(one) < traced_data(other);
}

/* Makes a tree of the first so many of a sorted chain. */
static struct traced_block *plant(struct traced_block **chain, size_t count)
{
    struct traced_block *left, *root;

    if (count == 0)
        return NULL;
    left = plant(chain, count / 2);
    root = *chain;
    *chain = root->leak.next;
    root->leak.left = left;
    root->leak.right = plant(chain, count - count / 2 - 1);
    return root;
}

static bool is_any(const struct traced_block *block)
{
    (void)block;
    return true;
}

/* A block without bytes has an address nevertheless. */
static size_t span(const struct traced_block *block)
{
    return block->bytes ? block->bytes : 1;
}

static bool forget(struct traced_block *block, void *unused)
{
    (void)unused;
    block->leak.kind = LEAK_UNSEEN;
    block->leak.work = NULL;
    if ((uintptr_t)block < search.lowest)
        search.lowest = (uintptr_t)block;
    if (traced_data(block) + span(block) > search.highest)
        search.highest = traced_data(block) + span(block);
    return true;
}

void leak_begin(void)
{
    struct chain blocks = collect(is_any);
    struct traced_block *first;

    search.lowest = UINTPTR_MAX;
    search.highest = 0;
    search.work = &search.last;
    search.lost = NULL;
    traced_for_each(forget, NULL);
    first = sorted(&blocks, is_lower);
    search.root = plant(&first, blocks.count);
}

/* The block that an address lies in, or NULL. */
static struct traced_block *find(uintptr_t address)
{
    struct traced_block *block = search.root;

    if (address - search.lowest >= search.highest - search.lowest)
        return NULL;
    while (block && address - traced_data(block) >= span(block))
        block = address < traced_data(block) ? block->leak.left : block->leak.right;
    return block;
}

static void promote(struct traced_block *block, enum leak_kind kind)
{
    if (kind <= block->leak.kind)
        return;
    block->leak.kind = (uint8_t)kind;
    if (block->leak.work)
        return;
    block->leak.work = search.work;
    search.work = block;
}

/* Looks at words of something of that kind. */
static void look(uintptr_t from, uintptr_t to, enum leak_kind kind)
{
    for (uintptr_t at = align_up(from, WORD); at + WORD <= to; at += WORD) {
        uintptr_t word = *(const volatile uintptr_t *)at;
        struct traced_block *block = find(word);

        if (!block || block == search.lost)
            continue;
        if (kind == LEAK_DIRECT)
            promote(block, LEAK_INDIRECT);
        else if (kind == LEAK_REACHABLE && word != traced_data(block))
            promote(block, LEAK_POSSIBLE);
        else
            promote(block, kind);
    }
}

static void follow(void)
{
    while (search.work != &search.last) {
        struct traced_block *block = search.work;

        search.work = block->leak.work;
        block->leak.work = NULL;
        look(traced_data(block), traced_data(block) + block->bytes, block->leak.kind);
    }
}

void leak_reach(uintptr_t from, uintptr_t to)
{
    look(from, to, LEAK_REACHABLE);
    follow();
}

static bool is_allocated_earlier(const struct traced_block *one, const struct traced_block *other)
{
    return one->allocated_by < other->allocated_by;
}

static bool may_be_suppressed(const struct traced_block *block)
{
    return block->leak.kind == LEAK_UNSEEN || block->leak.kind == LEAK_POSSIBLE;
}

static void suppress(bool (*is_suppressed)(backtrace_t allocated_by))
{
    struct chain blocks = collect(may_be_suppressed);
    backtrace_t asked = 0;
    bool answer = false;

    for (struct traced_block *block = sorted(&blocks, is_allocated_earlier); block;
         block = block->leak.next) {
        if (block->allocated_by != asked)
            answer = is_suppressed(asked = block->allocated_by);
        if (answer || block->leak.is_ignored)
            promote(block, LEAK_SUPPRESSED);
    }
}

static bool is_unseen(const struct traced_block *block)
{
    return block->leak.kind == LEAK_UNSEEN;
}

/* Of a ring of lost blocks the one that was allocated first is lost directly, unless a later one
 * leads to the ring. */
static void find_lost(void)
{
    struct chain blocks = collect(is_unseen);

    for (struct traced_block *block = blocks.first; block; block = block->leak.next) {
        if (block->leak.kind != LEAK_UNSEEN)
            continue;
        block->leak.kind = LEAK_DIRECT;
        search.lost = block;
        look(traced_data(block), traced_data(block) + block->bytes, LEAK_DIRECT);
        follow();
    }
    search.lost = NULL;
}

void leak_tell_apart(bool (*is_suppressed)(backtrace_t allocated_by))
{
    suppress(is_suppressed);
    follow();
    find_lost();
}

static bool is_same_group(const struct traced_block *one, const struct traced_block *other)
{
    return one->leak.kind == other->leak.kind && one->allocated_by == other->allocated_by;
}

static bool is_in_earlier_group(const struct traced_block *one, const struct traced_block *other)
{
    if (one->leak.kind != other->leak.kind)
        return one->leak.kind < other->leak.kind;
    return one->allocated_by < other->allocated_by;
}

static bool is_larger_group(const struct traced_block *one, const struct traced_block *other)
{
    if (one->leak.kind != other->leak.kind)
        return one->leak.kind < other->leak.kind;
    if (one->leak.group_bytes != other->leak.group_bytes)
        return one->leak.group_bytes > other->leak.group_bytes;
    return one->leak.group_blocks > other->leak.group_blocks;
}

/* Makes of a chain in which groups stand together one of their first blocks. */
static struct chain gather(struct traced_block *block)
{
    struct chain groups = {.count = 0};

    groups.end = &groups.first;
    while (block) {
        struct traced_block *first = block;

        first->leak.group_blocks = first->leak.group_bytes = 0;
        for (; block && is_same_group(block, first); block = block->leak.next) {
            first->leak.group_blocks++;
            first->leak.group_bytes += block->bytes;
        }
        *groups.end = first;
        groups.end = &first->leak.next;
        groups.count++;
    }
    *groups.end = NULL;
    return groups;
}

void leak_groups(void (*visit)(const struct leak_group *group, void *context), void *context)
{
    struct chain blocks = collect(is_any);
    struct chain groups = gather(sorted(&blocks, is_in_earlier_group));

    for (struct traced_block *first = sorted(&groups, is_larger_group); first;
         first = first->leak.next) {
        struct leak_group group = {.kind = first->leak.kind,
                                   .allocated_by = first->allocated_by,
                                   .blocks = first->leak.group_blocks,
                                   .bytes = first->leak.group_bytes};
        visit(&group, context);
    }
}

#endif
