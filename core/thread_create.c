/* Creating threads. */
#include <core/thread_create.h>

#include <arch/mmu.h>
#include <core/hold.h>
#include <core/lock_order.h>
#include <core/mutex.h>
#include <core/place.h>
#include <core/priority.h>
#include <core/reclaimer.h>
#include <core/registry.h>
#include <core/schedule.h>
#include <core/stack_used.h>
#include <core/thread_end.h>
#include <errno.h>
#include <kiln/cache.h>
#include <kiln/cpu.h>
#include <kiln/stack.h>
#include <string.h>

#define PAINT       0xA5
#define STACK_ALIGN 16
#define LOOK_BYTES  512

/* Threads with their thread-local data, which stand behind them; sized at the first use. Written
 * under cache_lock, by the first. */
static struct kiln_cache cache;
static struct kiln_spinlock cache_lock = KILN_SPINLOCK_INIT;

static size_t tls_offset(void)
{
    size_t align = core_tls_align();

    align = align < 64 ? 64 : align;
    return (sizeof(struct kiln_thread) + align - 1) & ~(align - 1);
}

static void prepare_cache(void)
{
    uintptr_t state = kiln_spin_lock(&cache_lock);
    size_t align = core_tls_align();

    core_mutex_begin();
    if (cache.object_bytes == 0)
        kiln_cache_init(&cache, "threads", tls_offset() + core_tls_bytes(), align < 64 ? 64 : align,
                        NULL);
    kiln_spin_unlock(&cache_lock, state);
}

struct kiln_thread *core_thread_allocate(void)
{
    if (__builtin_expect(__atomic_load_n(&cache.object_bytes, __ATOMIC_ACQUIRE) == 0, 0))
        prepare_cache();
    return kiln_cache_allocate(&cache);
}

void core_thread_free(struct kiln_thread *thread)
{
    kiln_cache_free(&cache, thread);
}

static size_t stack_bytes_of(const struct kiln_thread_attributes *attributes)
{
    size_t bytes = attributes->stack_bytes ? attributes->stack_bytes : KILN_STACK_DEFAULT;

    if (attributes->stack)
        return bytes & ~(size_t)(STACK_ALIGN - 1);
    return (bytes + ARCH_PAGE_BYTES - 1) & ~(size_t)(ARCH_PAGE_BYTES - 1);
}

static int check(const struct kiln_thread_attributes *attributes)
{
    if ((unsigned)attributes->priority >= KILN_PRIORITIES ||
        (unsigned)attributes->threshold >= KILN_PRIORITIES)
        return -EINVAL;
    if ((attributes->stack_bytes && attributes->stack_bytes < KILN_STACK_LEAST) ||
        (uintptr_t)attributes->stack % STACK_ALIGN ||
        attributes->stack_bytes > KILN_STACK_BYTES_MOST)
        return -EINVAL;
    if (attributes->cpus && !(attributes->cpus & core_running_cpus()))
        return -EINVAL;
    return 0;
}

static const char *name_of(const struct kiln_thread_attributes *attributes)
{
    return attributes->name ? attributes->name : "thread";
}

/* A new thread and its stack; of the rest everything is 0. NULL: no memory. */
static struct kiln_thread *allocate(void *own_stack, size_t bytes)
{
    struct kiln_thread *thread = core_thread_allocate();
    struct kiln_stack stack = {(uintptr_t)own_stack, (uintptr_t)own_stack + bytes};

    if (!thread)
        return NULL;
    if (!own_stack && kiln_stack_create(bytes, "thread", &stack)) {
        core_thread_free(thread);
        return NULL;
    }
    memset(thread, 0, sizeof(*thread));
    thread->stack_bottom = stack.bottom;
    thread->stack_top = stack.top;
    thread->has_own_stack = !own_stack;
    thread->state = THREAD_SPARE;
    __atomic_store_n(&core_after_hold, core_end_hold, __ATOMIC_RELAXED);
    core_list_thread(thread);
    core_reclaimer_prepare();
    core_timer_prepare();
    if (!own_stack)
        core_spares_may_go();
    return thread;
}

static struct kiln_thread *find_memory(const struct kiln_thread_attributes *attributes)
{
    size_t bytes = stack_bytes_of(attributes);
    struct kiln_thread *thread = attributes->stack ? NULL : core_take_spare(bytes);

    return thread ? thread : allocate(attributes->stack, bytes);
}

static void enter(void)
{
    struct kiln_thread *self = arch_thread_self();

    self->is_new = false;
    arch_irq_enable();
    kiln_thread_exit(self->function(self->argument));
}

static uint64_t next_id(void)
{
    static uint64_t last; /* atomic */

    return KILN_CONFIG_SMP ? __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED) : ++last;
}

/* What is not written here is 0 in a new thread, and in one that has ended and is used again. */
static void fill(struct kiln_thread *thread, const struct kiln_thread_attributes *attributes)
{
    uint8_t priority = (uint8_t)attributes->priority;

    thread->priority = priority;
    thread->base_priority = priority;
    thread->wanted_priority = priority;
    thread->rank = RANK_OF(priority);
    thread->special = attributes->is_suspended ? SPECIAL_SUSPEND : 0;
    thread->is_detached = attributes->is_detached;
    thread->is_painted = false;
    thread->is_new = true;
    thread->wants_cancel = false;
    thread->cancel_is_off = false;
    thread->has_data = false;
    thread->firm = 0;
    if (KILN_CONFIG_CHECKS)
        thread->mutexes = 0;
    thread->has_left = 0;
    thread->notification = 0;
    thread->held = NULL;
    core_lock_forget_held(thread);
    thread->joiner = NULL;
    thread->joins = NULL;
    thread->threshold = (uint8_t)attributes->threshold;
    thread->scheduler_locks = 0;
    if (thread->threshold)
        core_set_rank(thread);
    thread->finished.kind = "end of a thread";
    thread->name = name_of(attributes);
    thread->cpus = attributes->cpus ? attributes->cpus : UINT32_MAX;
    thread->id = next_id();
    if (KILN_CONFIG_RUN_TIME)
        thread->ran = thread->switches = 0;
}

static inline void prepare(struct kiln_thread *thread,
                           const struct kiln_thread_attributes *attributes,
                           void *(*function)(void *argument), void *argument)
{
    fill(thread, attributes);
    thread->function = function;
    thread->argument = argument;
}

static void settle(struct kiln_thread *thread)
{
    thread->cpu = core_place(thread);
    core_count_threads(core_percpu(thread->cpu), 1);
}

void core_thread_start(struct kiln_thread *thread, uintptr_t irq_state)
{
    __atomic_store_n(&thread->state, THREAD_NEW, __ATOMIC_RELEASE);
    arch_context_init(&thread->context, thread->stack_top, enter);
    if (KILN_CONFIG_SMP)
        settle(thread);
    core_set_ring(KILN_CONFIG_SMP ? core_percpu(thread->cpu) : arch_percpu(), thread);
    if (!KILN_CONFIG_SMP && !(thread->special & SPECIAL_SUSPEND))
        thread_set_state(thread, THREAD_READY); /* as one that waits is, once it does not */
    core_wake(0, thread, irq_state);
}

static void paint(struct kiln_thread *thread)
{
    thread->is_painted = true;
    memset((void *)thread->stack_bottom, PAINT, thread->stack_top - thread->stack_bottom);
}

bool core_stack_look(const struct kiln_thread *thread, uintptr_t *from)
{
    const uint64_t *word = (const uint64_t *)*from;
    uintptr_t end = thread->stack_top - *from > LOOK_BYTES ? *from + LOOK_BYTES : thread->stack_top;

    while ((uintptr_t)word < end && *word == PAINT * (UINT64_MAX / 0xFF))
        word++;
    *from = (uintptr_t)word;
    return *from == end && end < thread->stack_top;
}

static const struct kiln_thread_attributes *defaults(struct kiln_thread_attributes *attributes)
{
    *attributes = (struct kiln_thread_attributes){.priority = arch_thread_self()->base_priority};
    return attributes;
}

int kiln_thread_create(struct kiln_thread **created,
                       const struct kiln_thread_attributes *attributes,
                       void *(*function)(void *argument), void *argument)
{
    struct kiln_thread_attributes own;
    struct kiln_thread *thread;

    KILN_ASSERT(!arch_in_interrupt() && !arch_irqs_off());
    if (!attributes)
        attributes = defaults(&own);
    if (check(attributes))
        return -EINVAL;
    thread = find_memory(attributes);
    if (!thread)
        return -ENOMEM;
    if (created)
        *created = thread;
    prepare(thread, attributes, function, argument);
    core_tls_init(thread, (char *)thread + tls_offset());
    if (attributes->is_painted)
        paint(thread);
    core_thread_start(thread, arch_irq_save());
    return 0;
}

/* The thread and its thread-local data stand at the upper end, where its stack does not reach
 * if it overflows. NULL: they leave no room for it. */
static struct kiln_thread *place_in(void *memory, size_t bytes)
{
    size_t align = core_tls_align();
    uintptr_t mask = ~(uintptr_t)((align < 64 ? 64 : align) - 1);
    uintptr_t place = ((uintptr_t)memory + bytes - tls_offset() - core_tls_bytes()) & mask;

    if (bytes < tls_offset() + core_tls_bytes() || place < (uintptr_t)memory + KILN_STACK_LEAST)
        return NULL;
    return (struct kiln_thread *)place;
}

static void list_in_place(struct kiln_thread *thread, void *memory)
{
    memset(thread, 0, sizeof(*thread));
    thread->stack_bottom = (uintptr_t)memory;
    thread->stack_top = (uintptr_t)thread;
    thread->state = THREAD_SPARE;
    __atomic_store_n(&core_after_hold, core_end_hold, __ATOMIC_RELAXED);
    core_list_thread(thread);
}

struct kiln_thread *core_thread_prepare(void *memory, size_t bytes,
                                        const struct kiln_thread_attributes *attributes,
                                        void *(*function)(void *argument), void *argument)
{
    struct kiln_thread *thread = place_in(memory, bytes);

    if (!thread)
        kiln_panic("thread-local data leave no room for the stack of %s", name_of(attributes));
    list_in_place(thread, memory);
    prepare(thread, attributes, function, argument);
    core_tls_init(thread, (char *)thread + tls_offset());
    return thread;
}

int kiln_thread_start(struct kiln_static_thread *definition, struct kiln_thread **started)
{
    struct kiln_thread *thread = place_in(definition->memory, definition->memory_bytes);
    bool is_new;

    KILN_ASSERT(!arch_in_interrupt() && !arch_irqs_off());
    if (check(&definition->attributes))
        return -EINVAL;
    if (!thread)
        return -ENOMEM;
    if (!core_take_static(definition, thread, &is_new))
        return -EBUSY;
    core_mutex_begin();
    if (is_new)
        list_in_place(thread, definition->memory);
    thread->definition = definition;
    if (started)
        *started = thread;
    prepare(thread, &definition->attributes, definition->function, definition->argument);
    core_tls_init(thread, (char *)thread + tls_offset());
    if (thread->definition->attributes.is_painted)
        paint(thread);
    core_thread_start(thread, arch_irq_save());
    return 0;
}
