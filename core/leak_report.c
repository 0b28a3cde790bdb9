/* The report on leaks: groups of blocks by the calls that allocated them, then sums. */
#include <core/leak_report.h>

#if KILN_CONFIG_CHECK_LEAKS

#include <core/backtrace.h>
#include <core/symbols.h>
#include <kiln/system.h>
#include <string.h>

static const char *const kind_names[LEAK_KINDS] = {[LEAK_DIRECT] = "directly lost",
                                                   [LEAK_INDIRECT] = "indirectly lost",
                                                   [LEAK_POSSIBLE] = "possibly lost",
                                                   [LEAK_SUPPRESSED] = "suppressed",
                                                   [LEAK_REACHABLE] = "still reachable"};

struct sums {
    size_t blocks[LEAK_KINDS], bytes[LEAK_KINDS];
};

/* Whether a name is in a list with commas between. A function of which the compiler has made a copy
 * or a part has a suffix behind a dot. */
static bool is_listed(const char *name, const char *list)
{
    size_t length = 0;

    while (name[length] && name[length] != '.')
        length++;
    while (list) {
        if (strncmp(list, name, length) == 0 && (list[length] == 0 || list[length] == ','))
            return true;
        list = strchr(list, ',');
        list = list ? list + 1 : NULL;
    }
    return false;
}

bool core_leak_is_suppressed(backtrace_t allocated_by)
{
    const char *names = kiln_boot_option("suppress");
    uintptr_t pcs[BACKTRACE_DEPTH];
    unsigned depth = names ? backtrace_read(allocated_by, pcs, BACKTRACE_DEPTH) : 0;

    for (unsigned i = 0; i < depth; i++) {
        size_t offset;
        const char *function = core_symbol(pcs[i] - 1, &offset);

        if (function && is_listed(function, names))
            return true;
    }
    return false;
}

static void print_count(size_t count, const char *what)
{
    core_print("%zu %s%s", count, what, count == 1 ? "" : "s");
}

static void print_amount(size_t blocks, size_t bytes)
{
    print_count(blocks, "block");
    core_print(", ");
    print_count(bytes, "byte");
}

static void print_calls(const struct traced_totals *totals)
{
    print_count(totals->allocations, "allocation");
    core_print(", ");
    print_count(totals->frees, "free");
}

static void add_up(const struct leak_group *group, void *context)
{
    struct sums *sums = context;

    sums->blocks[group->kind] += group->blocks;
    sums->bytes[group->kind] += group->bytes;
}

static bool wants_reachable(void)
{
    const char *option = kiln_boot_option("leaks");

    return option && strcmp(option, "reachable") == 0;
}

static void print_group(const struct leak_group *group, void *unused)
{
    uintptr_t pcs[BACKTRACE_DEPTH];
    unsigned depth = backtrace_read(group->allocated_by, pcs, BACKTRACE_DEPTH);

    (void)unused;
    if (group->kind == LEAK_SUPPRESSED || (group->kind == LEAK_REACHABLE && !wants_reachable()))
        return;
    core_print("kiln: leaks: ");
    print_amount(group->blocks, group->bytes);
    core_print(" %s, allocated at%s:\n", kind_names[group->kind],
               depth ? "" : " a place that there was no memory to note");
    core_print_backtrace(pcs, depth);
}

static void print_sums(const struct sums *sums, const struct traced_totals *totals)
{
    core_print("kiln: leaks: ");
    print_amount(totals->blocks, totals->bytes);
    core_print(" are still allocated:\n");
    for (unsigned kind = LEAK_DIRECT; kind < LEAK_KINDS; kind++) {
        if (kind == LEAK_SUPPRESSED && sums->blocks[kind] == 0)
            continue;
        core_print("    %-16s ", kind_names[kind]);
        print_amount(sums->blocks[kind], sums->bytes[kind]);
        core_print("\n");
    }
    core_print("kiln: leaks: ");
    print_calls(totals);
    core_print(", %zu bytes in all, at most %zu at a time\n", totals->bytes_allocated,
               totals->peak_bytes);
}

static void print_clean(const struct sums *sums, const struct traced_totals *totals)
{
    core_print("kiln: no leaks: ");
    print_calls(totals);
    for (unsigned kind = LEAK_SUPPRESSED; kind < LEAK_KINDS; kind++) {
        if (sums->blocks[kind] == 0)
            continue;
        core_print("; ");
        print_amount(sums->blocks[kind], sums->bytes[kind]);
        core_print(" %s", kind_names[kind]);
    }
    core_print("\n");
}

/* The program's last line may not have ended. */
size_t core_leak_report(const struct traced_totals *totals)
{
    struct sums sums = {0};
    size_t lost;

    leak_groups(add_up, &sums);
    lost = sums.blocks[LEAK_DIRECT] + sums.blocks[LEAK_INDIRECT] + sums.blocks[LEAK_POSSIBLE];
    if (lost == 0 && !(wants_reachable() && sums.blocks[LEAK_REACHABLE])) {
        print_clean(&sums, totals);
        return 0;
    }
    core_print("\n");
    leak_groups(print_group, NULL);
    print_sums(&sums, totals);
    return lost;
}

#endif
