/* The memory checker's report: what was accessed, what the address is, who allocated and freed
 * it. */
#include <core/memory_bug.h>

#if KILN_CONFIG_CHECK_MEMORY

#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <core/backtrace.h>
#include <core/exit.h>
#include <core/panic.h>
#include <core/symbols.h>
#include <core/thread.h>
#include <kiln/cache.h>
#include <lib/align.h>
#include <mm/memory_bug.h>
#include <mm/page.h>
#include <mm/shadow.h>
#include <mm/traced.h>

#define FRAME_MAGIC   0x41B58AB3 /* gcc: ASAN_STACK_FRAME_MAGIC; clang: kCurrentStackFrameMagic */
#define FRAME_MOST    65536u     /* bytes that are searched for a frame's start */
#define FRAME_REDZONE 32u        /* in front of a frame's first variable: how it is told */
#define SHADOW_LINE   16u        /* bytes of shadow in a line of the report */
#define DEPTH         32u

/* At the start of an instrumented frame. */
struct frame_head {
    uintptr_t magic;
    const char *variables; /* "COUNT {START BYTES NAME_LENGTH NAME[:LINE]}", all by spaces */
    uintptr_t function;
};

/* What the shadow says of the first wrong byte; of a granule that is accessible in part it is the
 * next one that tells. */
static enum shadow_kind kind_of(uintptr_t bad)
{
    uint8_t value;

    if (!shadow_is_open(bad, 1))
        return SHADOW_PAGE_FREE;
    value = *shadow_of(bad);
    if (value < SHADOW_GRANULE && shadow_is_open(bad + SHADOW_GRANULE, 1))
        value = shadow_of(bad)[1];
    return value;
}

static bool is_on_stack(enum shadow_kind kind)
{
    return kind >= SHADOW_STACK_LEFT && kind <= SHADOW_STACK_SCOPE;
}

static const char *name_of_access(enum shadow_kind kind)
{
    switch (kind) {
    case SHADOW_HEAP:
        return "heap-buffer-overflow";
    case SHADOW_HEAP_FREED:
        return "heap-use-after-free";
    case SHADOW_OBJECT_FREED:
        return "object-use-after-free";
    case SHADOW_SLAB:
        return "object-buffer-overflow";
    case SHADOW_GLOBAL:
        return "global-buffer-overflow";
    case SHADOW_STACK_SCOPE:
        return "stack-use-after-scope";
    case SHADOW_ALLOCA_LEFT:
    case SHADOW_ALLOCA_RIGHT:
        return "dynamic-stack-buffer-overflow";
    case SHADOW_PAGE_FREE:
        return "use-of-free-page";
    default:
        return is_on_stack(kind) ? "stack-buffer-overflow" : "wild-access";
    }
}

/* The thread may have ended since. */
static const char *name_of_thread(const struct kiln_thread *thread)
{
    if (!thread)
        return "none (boot)";
    core_for_each_thread(known) if (known == thread) return known->name;
    return "that has ended";
}

static void print_thread(void)
{
    core_print(" by thread %s, cpu %u\n", name_of_thread(arch_thread_self()), arch_cpu_id());
}

static bool is_freed_twice(const struct memory_bug *bug)
{
    const struct traced_block *block = traced_near(bug->address);

    return block && traced_data(block) == bug->address && !traced_is_live(block);
}

static void print_head(const struct memory_bug *bug)
{
    if (bug->what == MEMORY_FREE)
        core_print("\nkiln: %s: free of 0x%zx",
                   is_freed_twice(bug) ? "double-free" : "invalid-free", bug->address);
    else
        core_print("\nkiln: %s: %s of %zu byte%s at 0x%zx", name_of_access(kind_of(bug->bad)),
                   bug->what == MEMORY_WRITE ? "write" : "read", bug->bytes,
                   bug->bytes == 1 ? "" : "s", bug->address);
    print_thread();
}

/* "N bytes behind the", of something that has so many bytes. */
static void print_relation(uintptr_t address, uintptr_t start, size_t bytes)
{
    const char *where = "into";
    size_t distance = address - start;

    if (address < start) {
        where = "in front of";
        distance = start - address;
    } else if (distance >= bytes) {
        where = "behind";
        distance -= bytes;
    }
    core_print("  %zu byte%s %s the ", distance, distance == 1 ? "" : "s", where);
}

static void print_block(uintptr_t address, const struct traced_block *block)
{
    uintptr_t data = traced_data(block);

    print_relation(address, data, block->bytes);
    core_print("%sblock of %zu byte%s at 0x%zx\n", traced_is_live(block) ? "" : "freed ",
               block->bytes, block->bytes == 1 ? "" : "s", data);
}

static const char *last_of(const char *path)
{
    const char *last = path;

    while (*path)
        if (*path++ == '/')
            last = path;
    return last;
}

static bool describe_global(uintptr_t address)
{
    const struct memory_global *global = memory_global_at(address);

    if (!global)
        return false;
    print_relation(address, global->start, global->bytes);
    core_print("global variable %s of %zu bytes at 0x%zx, in %s\n", global->name, global->bytes,
               global->start, last_of(global->file));
    return true;
}

/* The start of the instrumented frame around an address: its redzone is in front of it. */
static const struct frame_head *frame_around(uintptr_t address)
{
    uintptr_t granule = align_down(address, SHADOW_GRANULE);

    for (size_t back = 0; back < FRAME_MOST && shadow_is_open(granule, 1); back += SHADOW_GRANULE) {
        const struct frame_head *head = (const struct frame_head *)granule;

        if (*shadow_of(granule) == SHADOW_STACK_LEFT && head->magic == FRAME_MAGIC)
            return head;
        granule -= SHADOW_GRANULE;
    }
    return NULL;
}

static size_t take_number(const char **text)
{
    size_t number = 0;

    while (**text == ' ')
        ++*text;
    while (**text >= '0' && **text <= '9')
        number = number * 10 + (size_t)(*(*text)++ - '0');
    return number;
}

struct variable {
    uintptr_t start;
    size_t bytes;
    const char *name;
    size_t name_length; /* the name ends there, or at a colon in front of its line */
};

static struct variable take_variable(const struct frame_head *head, const char **text)
{
    struct variable variable = {.start = (uintptr_t)head + take_number(text)};

    variable.bytes = take_number(text);
    variable.name_length = take_number(text);
    while (**text == ' ')
        ++*text;
    variable.name = *text;
    *text += variable.name_length;
    for (size_t i = 0; i < variable.name_length; i++)
        if (variable.name[i] == ':')
            variable.name_length = i;
    return variable;
}

static size_t distance(const struct variable *variable, uintptr_t address)
{
    uintptr_t end = variable->start + variable->bytes;

    return address < variable->start ? variable->start - address
           : address < end           ? 0
                                     : address - end;
}

static bool describe_variable(uintptr_t address)
{
    const struct frame_head *head = frame_around(address);
    const char *text = head ? head->variables : NULL;
    struct variable nearest = {0};
    size_t offset = 0;

    if (!head)
        return false;
    for (size_t left = take_number(&text); left > 0; left--) {
        struct variable variable = take_variable(head, &text);

        if (!nearest.name || distance(&variable, address) < distance(&nearest, address))
            nearest = variable;
    }
    const char *function = core_symbol(head->function, &offset);

    print_relation(address, nearest.start, nearest.bytes);
    core_print("variable %.*s of %zu bytes at 0x%zx, on the stack of %s()\n",
               (int)nearest.name_length, nearest.name, nearest.bytes, nearest.start,
               function ? function : "?");
    return true;
}

static bool describe_stack(uintptr_t address)
{
    core_for_each_thread(thread)
    {
        if (address - thread->stack_bottom < thread->stack_top - thread->stack_bottom) {
            core_print("  on the stack of thread %s\n", thread->name);
            return true;
        }
    }
    return false;
}

static void describe_page(uintptr_t address)
{
    const struct page *page = page_of(address);
    const struct kiln_cache *cache = page && page->state == PAGE_SLAB ? page->owner : NULL;

    if (cache)
        core_print("  in a slab of the cache %s, whose objects have %u bytes\n", cache->name,
                   cache->object_bytes);
    else
        core_print("  in a page that nobody has allocated\n");
}

static void print_trace(const char *what, const struct kiln_thread *thread, backtrace_t backtrace)
{
    uintptr_t pcs[BACKTRACE_DEPTH];

    core_print("  %s by thread %s:\n", what, name_of_thread(thread));
    core_print_backtrace(pcs, backtrace_read(backtrace, pcs, BACKTRACE_DEPTH));
}

/* What the address is; returns the block whose history tells more. */
static const struct traced_block *describe(const struct memory_bug *bug)
{
    enum shadow_kind kind = bug->what == MEMORY_FREE ? SHADOW_HEAP : kind_of(bug->bad);
    const struct traced_block *block = NULL;

    if (kind == SHADOW_HEAP || kind == SHADOW_HEAP_FREED)
        block = traced_near(bug->bad);
    if (bug->what == MEMORY_FREE &&
        (describe_global(bug->bad) || describe_variable(bug->bad) || describe_stack(bug->bad)))
        return NULL;
    if (block)
        print_block(bug->bad, block);
    else if (kind == SHADOW_GLOBAL)
        describe_global(bug->bad);
    else if (kind == SHADOW_SLAB || kind == SHADOW_OBJECT_FREED || kind == SHADOW_PAGE_FREE)
        describe_page(bug->bad);
    else if (!describe_variable(bug->bad))
        describe_stack(bug->bad);
    return block;
}

static void print_shadow_line(uintptr_t line, uintptr_t bad)
{
    const char *between = " ";

    core_print("    0x%zx:", line);
    for (uintptr_t at = line; at < line + SHADOW_LINE * SHADOW_GRANULE; at += SHADOW_GRANULE) {
        bool is_bad = bad - at < SHADOW_GRANULE;

        core_print("%s%02x", is_bad ? "[" : between, *shadow_of(at));
        between = is_bad ? "]" : " ";
    }
    core_print(*between == ']' ? "]\n" : "\n");
}

/* A line in front and one behind. */
static void print_shadow(uintptr_t bad)
{
    uintptr_t bytes = SHADOW_LINE * SHADOW_GRANULE;
    uintptr_t line = align_down(bad, bytes) - bytes;

    core_print("  shadow:\n");
    for (unsigned i = 0; i < 3; i++, line += bytes)
        if (shadow_is_open(line, bytes))
            print_shadow_line(line, bad);
}

static void report(const struct memory_bug *bug)
{
    uintptr_t pcs[DEPTH];
    const struct traced_block *block;

    core_panic_begin();
    print_head(bug);
    block = describe(bug);
    core_print(bug->what == MEMORY_FREE ? "  free:\n" : "  access:\n");
    core_print_backtrace(pcs, backtrace_walk(bug->frame, pcs, DEPTH));
    if (block) {
        print_trace("allocated", block->allocator, block->allocated_by);
        if (!traced_is_live(block))
            print_trace("freed", block->freer, block->freed_by);
    }
    if (bug->what != MEMORY_FREE)
        print_shadow(bug->bad);
    core_panic_end();
}

void core_memory_check_start(uintptr_t image)
{
    memory_bug_report = report;
    shadow_start(image);
}

/* A function that does not return leaves its callers' variables behind. */
void __asan_handle_no_return(void)
{
    const struct kiln_thread *thread = arch_thread_self();
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);

    if (thread && !arch_in_interrupt() &&
        frame - thread->stack_bottom < thread->stack_top - thread->stack_bottom)
        shadow_allow(align_down(frame, SHADOW_GRANULE),
                     thread->stack_top - align_down(frame, SHADOW_GRANULE));
}

#endif
