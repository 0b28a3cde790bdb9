/* What compilers call: accesses, and the shadow of variables. */
#include "instrumentation.h"

#if KILN_CONFIG_CHECK_MEMORY

#include <string.h>
#include <lib/align.h>
#include <mm/lock.h>
#include <mm/page.h>
#include <mm/shadow.h>

#define ALLOCA_REDZONE ((size_t)32)

void (*memory_bug_report)(const struct memory_bug *bug);

/* It does not return, so that it is called, and the frame stays. */
static _Noreturn __attribute__((noinline)) void
report(uintptr_t address, size_t bytes, bool is_write, uintptr_t bad, uintptr_t frame)
{
    struct memory_bug bug = {
        is_write ? MEMORY_WRITE : MEMORY_READ, address, bytes, bad, frame,
    };

    memory_bug_report(&bug);
    __builtin_unreachable();
}

__attribute__((always_inline)) static inline void check(uintptr_t address, size_t bytes,
                                                        bool is_write)
{
    uintptr_t bad = shadow_find_bad(address, bytes);

    if (__builtin_expect(bad != 0, 0))
        report(address, bytes, is_write, bad, (uintptr_t)__builtin_frame_address(0));
}

#define ACCESS(n)                                                                                  \
    void __asan_load##n##_noabort(uintptr_t address)                                               \
    {                                                                                              \
        check(address, n, false);                                                                  \
    }                                                                                              \
    void __asan_store##n##_noabort(uintptr_t address)                                              \
    {                                                                                              \
        check(address, n, true);                                                                   \
    }
INSTRUMENTATION_SIZES(ACCESS)

void __asan_loadN_noabort(uintptr_t address, size_t bytes)
{
    check(address, bytes, false);
}

void __asan_storeN_noabort(uintptr_t address, size_t bytes)
{
    check(address, bytes, true);
}

void __asan_alloca_poison(uintptr_t start, size_t bytes)
{
    uintptr_t end = align_up(start + bytes, SHADOW_GRANULE);

    shadow_forbid(start - ALLOCA_REDZONE, ALLOCA_REDZONE, SHADOW_ALLOCA_LEFT);
    shadow_allow(start, bytes);
    shadow_forbid(end, align_up(end, ALLOCA_REDZONE) + ALLOCA_REDZONE - end, SHADOW_ALLOCA_RIGHT);
}

void __asan_allocas_unpoison(uintptr_t top, uintptr_t bottom)
{
    if (top && top < bottom)
        shadow_allow(align_down(top, SHADOW_GRANULE), align_up(bottom - top, SHADOW_GRANULE));
}

void __asan_poison_stack_memory(uintptr_t start, size_t bytes)
{
    shadow_forbid(start, align_up(bytes, SHADOW_GRANULE), SHADOW_STACK_SCOPE);
}

void __asan_unpoison_stack_memory(uintptr_t start, size_t bytes)
{
    shadow_allow(start, bytes);
}

#define SET_SHADOW(kind)                                                                           \
    void __asan_set_shadow_##kind(uint8_t *shadow, size_t bytes)                                   \
    {                                                                                              \
        memset(shadow, 0x##kind, bytes);                                                           \
    }
INSTRUMENTATION_KINDS(SET_SHADOW)

#define TABLE_ENTRIES ((ARCH_PAGE_BYTES - sizeof(void *)) / sizeof(struct file_globals))

/* Which arrays of globals there are, in pages of tables; grows only, so that it is read without
 * the lock. */
struct file_globals {
    const struct memory_global *first;
    size_t count;
};
static struct table {
    struct table *next;
    struct file_globals files[TABLE_ENTRIES];
} * tables;

/* Constructors run one after the other. */
static void remember(const struct memory_global *globals, size_t count)
{
    static size_t used = TABLE_ENTRIES;

    if (used == TABLE_ENTRIES) {
        struct table *table = (struct table *)page_alloc(0, PAGE_ZERO);

        if (!table)
            return;
        table->next = tables;
        tables = table;
        used = 0;
    }
    tables->files[used++] = (struct file_globals){globals, count};
}

void __asan_register_globals(struct memory_global *globals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uintptr_t end = globals[i].start + globals[i].bytes;
        uintptr_t from = align_up(end, SHADOW_GRANULE);

        shadow_allow(globals[i].start, globals[i].bytes);
        shadow_forbid(from, globals[i].start + globals[i].with_redzone - from, SHADOW_GLOBAL);
    }
    remember(globals, count);
}

/* Nothing is unloaded: the program's end is everything's. */
void __asan_unregister_globals(struct memory_global *globals, size_t count)
{
    (void)globals;
    (void)count;
}

static bool is_at(const struct memory_global *global, uintptr_t address)
{
    return address - global->start < global->with_redzone;
}

const struct memory_global *memory_global_at(uintptr_t address)
{
    for (const struct table *table = tables; table; table = table->next)
        for (const struct file_globals *file = table->files;
             file < &table->files[TABLE_ENTRIES] && file->first; file++)
            for (size_t i = 0; i < file->count; i++)
                if (is_at(&file->first[i], address))
                    return &file->first[i];
    return NULL;
}

#endif
