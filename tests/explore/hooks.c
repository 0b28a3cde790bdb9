/*
 * What the compiler calls for -fsanitize=thread in front of each access, or in place of an atomic
 * one. Accesses are sequentially consistent here.
 */
#include "engine.h"

#include <string.h>

#define PENDING_MOST 512u
#define HERE         ((uintptr_t)__builtin_return_address(0))
#define CALLER       (*(const uintptr_t *)__builtin_frame_address(0))

/* Words that the running context is about to write, or has just written: the compiler does not say
 * when. */
static struct location *pending[PENDING_MOST];
static unsigned pending_count;
static uintptr_t pending_range; /* bytes of a range, of which the copy's source comes next */

void flush_writes(void)
{
    for (unsigned i = 0; i < pending_count; i++)
        location_write_end(pending[i]);
    pending_count = 0;
    pending_range = 0;
}

/* What a context that spins has read. */
static void watch(struct location *location)
{
    struct cpu *cpu = cpu_now();

    for (unsigned i = 0; i < cpu->window_count; i++)
        if (cpu->window[i] == location)
            return;
    if (cpu->window_count < WINDOW_MOST)
        cpu->window[cpu->window_count++] = location;
    else
        cpu->window_is_full = true;
}

/* The access is this event; others may come before it. */
static void come_to(uintptr_t address, size_t bytes, bool is_write, uintptr_t frame)
{
    bool is_point = false;
    struct cpu *cpu = cpu_now();

    if (cpu->stack == cpu->spin_stack && frame > cpu->spin_frame)
        cpu->spins_on = 0; /* the function with the loop has returned */
    for (uintptr_t word = address & ~(uintptr_t)7; word < address + bytes; word += 8)
        is_point |= location_is_shared(location_touch(word, is_write), is_write);
    if (is_due(is_point))
        point(PLACE_ACCESS);
    machine.events++;
    note(1);
}

static uint64_t value_at(uintptr_t address, size_t bytes)
{
    uint64_t value = 0;

    memcpy(&value, (const void *)address, bytes < 8 ? bytes : 8);
    return value;
}

static void learn(uintptr_t address, size_t bytes)
{
    for (size_t done = 0; done < bytes; done += 8)
        note(value_at(address + done, bytes - done));
    for (uintptr_t word = address & ~(uintptr_t)7; word < address + bytes; word += 8)
        watch(location_touch(word, false));
}

static void announce(uintptr_t address, size_t bytes)
{
    for (uintptr_t word = address & ~(uintptr_t)7; word < address + bytes; word += 8) {
        struct location *location = location_touch(word, true);

        if (pending_count == PENDING_MOST)
            explore_fail("more than %u words are written at once", PENDING_MOST);
        location_write_begin(location);
        pending[pending_count++] = location;
    }
}

static void read_access(const volatile void *pointer, size_t bytes, uintptr_t place,
                        uintptr_t frame)
{
    uintptr_t address = (uintptr_t)pointer;

    if (!is_watching)
        return;
    flush_writes();
    come_to(address, bytes, false, frame);
    learn(address, bytes);
    trace_event("read", address, value_at(address, bytes), place);
}

static void write_access(const volatile void *pointer, size_t bytes, uintptr_t place,
                         uintptr_t frame)
{
    uintptr_t address = (uintptr_t)pointer;

    if (!is_watching)
        return;
    flush_writes();
    come_to(address, bytes, true, frame);
    announce(address, bytes);
    trace_event("write", address, bytes, place);
}

/* In place of an atomic access, in four parts. */
static void atomic_begin(const volatile void *pointer, size_t bytes, bool is_write, uintptr_t frame)
{
    if (!is_watching)
        return;
    flush_writes();
    come_to((uintptr_t)pointer, bytes, is_write, frame);
}

static void atomic_learn(const volatile void *pointer, size_t bytes)
{
    if (is_watching)
        learn((uintptr_t)pointer, bytes);
}

static void atomic_announce(const volatile void *pointer, size_t bytes)
{
    if (is_watching)
        announce((uintptr_t)pointer, bytes);
}

static void atomic_end(const char *kind, const volatile void *pointer, size_t bytes,
                       uintptr_t place)
{
    if (!is_watching)
        return;
    flush_writes();
    trace_event(kind, (uintptr_t)pointer, value_at((uintptr_t)pointer, bytes), place);
}

void __tsan_init(void);
void __tsan_init(void)
{
}

/* What stands in the generated names cannot stand in parentheses. */
#define PLAIN(bytes)                                                                               \
    void __tsan_read##bytes(void *address);                                                        \
    void __tsan_read##bytes(void *address)                                                         \
    {                                                                                              \
        read_access(address, bytes, HERE, CALLER);                                                 \
    }                                                                                              \
    void __tsan_write##bytes(void *address);                                                       \
    void __tsan_write##bytes(void *address)                                                        \
    {                                                                                              \
        write_access(address, bytes, HERE, CALLER);                                                \
    }                                                                                              \
    void __tsan_unaligned_read##bytes(void *address);                                              \
    void __tsan_unaligned_read##bytes(void *address)                                               \
    {                                                                                              \
        read_access(address, bytes, HERE, CALLER);                                                 \
    }                                                                                              \
    void __tsan_unaligned_write##bytes(void *address);                                             \
    void __tsan_unaligned_write##bytes(void *address)                                              \
    {                                                                                              \
        write_access(address, bytes, HERE, CALLER);                                                \
    }
PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

void __tsan_write_range(void *address, size_t bytes);
void __tsan_write_range(void *address, size_t bytes)
{
    write_access(address, bytes, HERE, CALLER);
    pending_range = bytes;
}

/* The source of a copy whose target has just been announced, and is written afterwards: nothing
 * comes in between. */
void __tsan_read_range(void *address, size_t bytes);
void __tsan_read_range(void *address, size_t bytes)
{
    if (!is_watching || pending_range != bytes) {
        read_access(address, bytes, HERE, CALLER);
        return;
    }
    pending_range = 0;
    learn((uintptr_t)address, bytes);
    trace_event("read", (uintptr_t)address, value_at((uintptr_t)address, bytes), HERE);
}

/* In place of memcpy and memset, which the compiler does not announce. */
void *explore_memcpy(void *target, const void *source, size_t bytes);
void *explore_memcpy(void *target, const void *source, size_t bytes)
{
    read_access(source, bytes, HERE, CALLER);
    write_access(target, bytes, HERE, CALLER);
    return memcpy(target, source, bytes);
}

void *explore_memset(void *target, int byte, size_t bytes);
void *explore_memset(void *target, int byte, size_t bytes)
{
    write_access(target, bytes, HERE, CALLER);
    return memset(target, byte, bytes);
}

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
    (void)order;
}

void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order)
{
    (void)order;
}

#define STEP(bits, name, expression)                                                               \
    uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *word,                     \
                                                uint##bits##_t value, int order);                  \
    uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *word,                     \
                                                uint##bits##_t value, int order)                   \
    {                                                                                              \
        uint##bits##_t old;                                                                        \
                                                                                                   \
        (void)order;                                                                               \
        atomic_begin(word, bits / 8, true, CALLER);                                                \
        atomic_learn(word, bits / 8);                                                              \
        atomic_announce(word, bits / 8);                                                           \
        old = *word;                                                                               \
        *word = (uint##bits##_t)(expression);                                                      \
        atomic_end(#name, word, bits / 8, HERE);                                                   \
        return old;                                                                                \
    }

#define COMPARE(bits, strength)                                                                    \
    int __tsan_atomic##bits##_compare_exchange_##strength(                                         \
        volatile uint##bits##_t *word, uint##bits##_t *expected, uint##bits##_t value, int order,  \
        int failed_order);                                                                         \
    int __tsan_atomic##bits##_compare_exchange_##strength(                                         \
        volatile uint##bits##_t *word, uint##bits##_t *expected, uint##bits##_t value, int order,  \
        int failed_order)                                                                          \
    {                                                                                              \
        (void)order;                                                                               \
        (void)failed_order;                                                                        \
        atomic_begin(word, bits / 8, true, CALLER);                                                \
        atomic_learn(word, bits / 8);                                                              \
        if (*word != *expected) {                                                                  \
            atomic_announce(expected, bits / 8);                                                   \
            *expected = *word;                                                                     \
            atomic_end("compare: differs", word, bits / 8, HERE);                                  \
            return 0;                                                                              \
        }                                                                                          \
        atomic_announce(word, bits / 8);                                                           \
        *word = value;                                                                             \
        atomic_end("compare and exchange", word, bits / 8, HERE);                                  \
        return 1;                                                                                  \
    }

#define ATOMIC(bits)                                                                               \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *word, int order);     \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *word, int order)      \
    {                                                                                              \
        (void)order;                                                                               \
        atomic_begin(word, bits / 8, false, CALLER);                                               \
        atomic_learn(word, bits / 8);                                                              \
        atomic_end("load", word, bits / 8, HERE);                                                  \
        return *word;                                                                              \
    }                                                                                              \
    void __tsan_atomic##bits##_store(volatile uint##bits##_t *word, uint##bits##_t value,          \
                                     int order);                                                   \
    void __tsan_atomic##bits##_store(volatile uint##bits##_t *word, uint##bits##_t value,          \
                                     int order)                                                    \
    {                                                                                              \
        (void)order;                                                                               \
        atomic_begin(word, bits / 8, true, CALLER);                                                \
        atomic_announce(word, bits / 8);                                                           \
        *word = value;                                                                             \
        atomic_end("store", word, bits / 8, HERE);                                                 \
    }                                                                                              \
    STEP(bits, exchange, value)                                                                    \
    STEP(bits, fetch_add, old + value)                                                             \
    STEP(bits, fetch_sub, old - value)                                                             \
    STEP(bits, fetch_and, old &value)                                                              \
    STEP(bits, fetch_or, old | value)                                                              \
    STEP(bits, fetch_xor, old ^ value)                                                             \
    COMPARE(bits, strong)                                                                          \
    COMPARE(bits, weak)
ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)
