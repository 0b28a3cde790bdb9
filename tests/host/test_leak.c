/*
 * The search for leaks against a model: blocks at random addresses with random pointers to each
 * other, and a model that goes over all pointers until nothing changes any more.
 */
#include <string.h>
#include <mm/leak.h>
#include "../target/tap.h"
#include "test.h"

#define BLOCKS     40u
#define WORDS      6u
#define ROOTS      4u
#define BACKTRACES 5u
#define SEQUENCES  3000u

/* Headers and contents, as the heap would have them; live ones in a list in random order. */
static struct slot {
    struct traced_block header;
    uintptr_t words[WORDS];
} slots[BLOCKS];

static struct list_node live = LIST_INIT(live);
static uintptr_t roots[ROOTS];
static unsigned suppressed; /* a backtrace */
static unsigned asked[BACKTRACES + 1];

void traced_for_each(bool (*visit)(struct traced_block *block, void *context), void *context)
{
    list_for_each (node, &live)
        if (!visit(list_entry(node, struct traced_block, link), context))
            return;
}

static bool is_suppressed(backtrace_t by)
{
    asked[by]++;
    return by == suppressed;
}

static struct slot *slot_of(struct list_node *node)
{
    return list_entry(node, struct slot, header.link);
}

/* A word that often points to a block, live or not, to its start, inside, just behind, or to its
 * header. */
static uintptr_t random_word(void)
{
    struct slot *slot = &slots[test_below(BLOCKS)];

    switch (test_below(8)) {
    case 0:
    case 1:
    case 2:
        return (uintptr_t)slot->words;
    case 3:
        return (uintptr_t)slot->words + 1 + test_below(sizeof(slot->words) - 1);
    case 4:
        return (uintptr_t)slot->words + slot->header.bytes;
    case 5:
        return (uintptr_t)&slot->header + test_below(sizeof(slot->header));
    default:
        return test_random();
    }
}

static void make_blocks(unsigned count)
{
    list_init(&live);
    memset(slots, 0, sizeof(slots));
    memset(roots, 0, sizeof(roots));
    suppressed = (unsigned)test_below(3 * BACKTRACES);
    for (unsigned i = 0; i < BLOCKS; i++) {
        slots[i].header.bytes = test_below(sizeof(slots[i].words) + 1);
        slots[i].header.allocated_by = (backtrace_t)test_below(BACKTRACES + 1);
        slots[i].header.leak.is_ignored = test_below(20) == 0;
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        for (unsigned word = 0; word < WORDS && test_below(3); word++)
            slots[i].words[word] = random_word();
    for (unsigned i = 0; i < ROOTS && test_below(4); i++)
        roots[i] = random_word();
    for (unsigned i = 0; i < count; i++) {
        struct slot *slot = &slots[test_below(BLOCKS)];
        if (!slot->header.link.next)
            list_add_last(&live, &slot->header.link);
    }
}

/* The model. Which block a word points to, and whether to its start. */
static struct slot *pointed(uintptr_t word, bool *to_start)
{
    list_for_each (node, &live) {
        struct slot *slot = slot_of(node);
        uintptr_t start = (uintptr_t)slot->words;

        *to_start = word == start;
        if (*to_start || (word > start && word < start + slot->header.bytes))
            return slot;
    }
    return NULL;
}

static enum leak_kind model[BLOCKS];

static unsigned index_of(const struct slot *slot)
{
    return (unsigned)(slot - slots);
}

/* What a pointer from something of one kind makes of a block. */
static enum leak_kind made(enum leak_kind by, bool to_start)
{
    if (by == LEAK_REACHABLE && !to_start)
        return LEAK_POSSIBLE;
    return by;
}

static bool spread_words(const uintptr_t *words, size_t count, enum leak_kind by)
{
    bool changed = false;

    for (size_t i = 0; i < count; i++) {
        bool to_start;
        struct slot *slot = pointed(words[i], &to_start);

        if (!slot || made(by, to_start) <= model[index_of(slot)])
            continue;
        model[index_of(slot)] = made(by, to_start);
        changed = true;
    }
    return changed;
}

static size_t words_of(const struct slot *slot)
{
    return slot->header.bytes / sizeof(uintptr_t);
}

static void spread(void)
{
    bool changed = true;

    while (changed) {
        changed = false;
        list_for_each (node, &live) {
            struct slot *slot = slot_of(node);

            if (model[index_of(slot)] != LEAK_UNSEEN)
                changed |= spread_words(slot->words, words_of(slot), model[index_of(slot)]);
        }
    }
}

/* Whatever a lost block leads to is lost by way of it. */
static void lose(const struct slot *from, const struct slot *first)
{
    for (size_t i = 0; i < words_of(from); i++) {
        bool to_start;
        struct slot *slot = pointed(from->words[i], &to_start);

        if (!slot || slot == first || model[index_of(slot)] >= LEAK_INDIRECT)
            continue;
        model[index_of(slot)] = LEAK_INDIRECT;
        lose(slot, first);
    }
}

static void model_search(void)
{
    memset(model, 0, sizeof(model));
    spread_words(roots, ROOTS, LEAK_REACHABLE);
    spread();
    list_for_each (node, &live) {
        struct slot *slot = slot_of(node);
        enum leak_kind *kind = &model[index_of(slot)];

        if (*kind <= LEAK_POSSIBLE && (slot->header.leak.is_ignored ||
                                       (suppressed && slot->header.allocated_by == suppressed)))
            *kind = LEAK_SUPPRESSED;
    }
    spread();
    list_for_each (node, &live) {
        struct slot *slot = slot_of(node);

        if (model[index_of(slot)] == LEAK_UNSEEN) {
            model[index_of(slot)] = LEAK_DIRECT;
            lose(slot, slot);
        }
    }
}

static void search(void)
{
    memset(asked, 0, sizeof(asked));
    leak_begin();
    for (unsigned i = 0; i < ROOTS; i++)
        leak_reach((uintptr_t)&roots[i], (uintptr_t)&roots[i + 1]);
    leak_tell_apart(is_suppressed);
}

static void compare(unsigned sequence)
{
    list_for_each (node, &live) {
        struct slot *slot = slot_of(node);

        TEST_HOLDS(slot->header.leak.kind == model[index_of(slot)],
                   "sequence %u: block %u is %u, in the model %u", sequence, index_of(slot),
                   slot->header.leak.kind, model[index_of(slot)]);
    }
    for (unsigned by = 1; by <= BACKTRACES; by++)
        TEST_HOLDS(asked[by] <= 1, "sequence %u: %u times", sequence, asked[by]);
}

struct groups {
    struct leak_group last;
    unsigned count;
    size_t blocks;
};

static void check_group(const struct leak_group *group, void *context)
{
    struct groups *groups = context;
    const struct leak_group *last = &groups->last;
    size_t blocks = 0, bytes = 0;

    list_for_each (node, &live) {
        struct slot *slot = slot_of(node);

        if (model[index_of(slot)] == group->kind &&
            slot->header.allocated_by == group->allocated_by) {
            blocks++;
            bytes += slot->header.bytes;
        }
    }
    TEST_HOLDS(blocks && blocks == group->blocks && bytes == group->bytes,
               "%zu blocks, %zu bytes, not %zu, %zu", group->blocks, group->bytes, blocks, bytes);
    TEST_HOLDS(last->kind < group->kind ||
                   (last->kind == group->kind && last->bytes >= group->bytes),
               "kind %u, %zu bytes behind kind %u, %zu bytes", group->kind, group->bytes,
               last->kind, last->bytes);
    groups->last = *group;
    groups->count++;
    groups->blocks += blocks;
}

static void check_groups(void)
{
    struct groups groups = {.count = 0};
    size_t blocks = 0;

    leak_groups(check_group, &groups);
    list_for_each (node, &live)
        blocks++;
    TEST_HOLDS(groups.blocks == blocks, "%zu blocks are in groups, of %zu", groups.blocks, blocks);
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 20);
    for (unsigned sequence = 0; sequence < SEQUENCES; sequence++) {
        make_blocks((unsigned)test_below(2 * BLOCKS));
        model_search();
        search();
        compare(sequence);
        check_groups();
        memset(roots, 0, sizeof(roots)); /* a second search starts anew */
        model_search();
        search();
        compare(sequence);
    }
    test_property("each block is what the model says, and in one group, the largest first");
    return tap_done();
}
