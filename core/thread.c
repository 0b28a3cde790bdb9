/* Boot's threads: the main thread and, with several CPUs, each one's idle thread. */
#include <core/hold.h>
#include <core/schedule.h>
#include <core/thread.h>
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <errno.h>
#include <kiln/system.h>
#include <mm/early.h>
#include <string.h>

#define MAIN_STACK_SHARE 32 /* of RAM */
#define MAIN_STACK_LEAST (8u * 1024)
#define MAIN_STACK_MOST  (256u * 1024)

/* From the linker script: the template of thread-local data, and the main thread's copy. */
extern char __tdata_start[], __tdata_bytes[], __tls_bytes[], __tls_align[], __main_tls[];

struct kiln_thread core_main_thread = {
    .next = &core_main_thread,
    .previous = &core_main_thread,
    .ring = &core_boot_run_queue.first[KILN_PRIORITY_DEFAULT],
    .ring_word = &core_boot_percpu.ready[KILN_PRIORITY_DEFAULT / 64],
    .ring_bit = UINT64_C(1) << KILN_PRIORITY_DEFAULT % 64,
    .priority = KILN_PRIORITY_DEFAULT,
    .own_rank = RANK_OF(KILN_PRIORITY_DEFAULT),
    .rank = RANK_OF(KILN_PRIORITY_DEFAULT),
    .base_priority = KILN_PRIORITY_DEFAULT,
    .wanted_priority = KILN_PRIORITY_DEFAULT,
    .finished = KILN_WAIT_QUEUE_INIT("end of a thread"),
    .name = "main",
    .cpus = UINT32_MAX,
    .id = UINT64_MAX,
};
struct kiln_thread *kiln_thread_list = &core_main_thread;
void (*core_after_hold)(uintptr_t irq_state);

const char *kiln_thread_name(const struct kiln_thread *thread)
{
    return thread->name;
}

struct kiln_thread *kiln_thread_self(void)
{
    return arch_thread_self();
}

/* A number that the linker script gives as an address; to the compiler no address is 0. */
static size_t linker_number(const char *symbol)
{
    size_t number = (size_t)symbol;
    __asm__("" : "+r"(number));
    return number;
}

size_t core_tls_align(void)
{
    return linker_number(__tls_align);
}

size_t core_tls_bytes(void)
{
    return arch_tls_block_bytes(linker_number(__tls_bytes), core_tls_align());
}

void core_tls_init(struct kiln_thread *thread, void *block)
{
    size_t initialised = linker_number(__tdata_bytes);
    size_t bytes = linker_number(__tls_bytes);
    size_t align = linker_number(__tls_align);
    char *data = memcpy(arch_tls_data(block, bytes, align), __tdata_start, initialised);
    memset(data + initialised, 0, bytes - initialised);
    thread->context.tls = arch_tls_finish(block, bytes, align);
}

void core_thread_tls(const struct kiln_thread *thread, uintptr_t *start, uintptr_t *end)
{
    size_t bytes = linker_number(__tls_bytes);

    *start = arch_tls_start(thread->context.tls, bytes, linker_number(__tls_align));
    *end = *start + bytes;
}

int core_boot_stacks(const size_t *bytes, uintptr_t *bottoms, unsigned count)
{
    size_t all = ARCH_PAGE_BYTES;
    for (unsigned i = 0; i < count; i++)
        all += bytes[i] + ARCH_PAGE_BYTES;
    uintptr_t guard = (uintptr_t)mm_early_allocate(all, ARCH_PAGE_BYTES);
    for (unsigned i = 0; guard; i++) {
        if (arch_mmu_unmap_page(&arch_boot_space, guard))
            break;
        if (i == count)
            return 0;
        bottoms[i] = guard + ARCH_PAGE_BYTES;
        guard = bottoms[i] + bytes[i];
    }
    return -ENOMEM;
}

static size_t main_stack_bytes(void)
{
    size_t bytes = KILN_CONFIG_MAIN_STACK_BYTES;
    if (bytes == 0) {
        bytes = kiln_ram_bytes() / MAIN_STACK_SHARE;
        bytes = bytes < MAIN_STACK_LEAST ? MAIN_STACK_LEAST : bytes;
        bytes = bytes > MAIN_STACK_MOST ? MAIN_STACK_MOST : bytes;
    }
    return (bytes + ARCH_PAGE_BYTES - 1) & ~(ARCH_PAGE_BYTES - 1);
}

/* The share of RAM may be more than there is behind the image, where the stack has to be. */
int core_thread_create_main(void)
{
    core_boot_run_queue.first[KILN_PRIORITY_DEFAULT] = &core_main_thread;
    core_tls_init(&core_main_thread, __main_tls);
    arch_thread_set_self(&core_main_thread);
    arch_tls_set(core_main_thread.context.tls);
    size_t bytes = main_stack_bytes();
    while (core_boot_stacks(&bytes, &core_main_thread.stack_bottom, 1)) {
        if (KILN_CONFIG_MAIN_STACK_BYTES || bytes == MAIN_STACK_LEAST)
            return -ENOMEM;
        bytes = MAIN_STACK_LEAST;
    }
    core_main_thread.stack_top = core_main_thread.stack_bottom + bytes;
    return 0;
}

/* It is in no run queue: a CPU without ready threads turns to it, and it preempts itself. */
struct kiln_thread *core_thread_create_idle(unsigned cpu, uintptr_t stack)
{
    static char names[][8] = {"idle/0", "idle/1", "idle/2", "idle/3",
                              "idle/4", "idle/5", "idle/6", "idle/7"};
    if (!KILN_CONFIG_SMP || cpu >= sizeof names / sizeof *names)
        return NULL;
    size_t align = core_tls_align();
    struct kiln_thread *thread = mm_early_allocate(sizeof *thread, 64);
    char *tls = mm_early_allocate(core_tls_bytes(), align > 64 ? align : 64);
    if (!thread || !tls)
        return NULL;
    *thread = (struct kiln_thread){
        .name = names[cpu],
        .stack_bottom = stack,
        .stack_top = stack + CORE_IDLE_STACK_BYTES,
        .cpu = cpu,
        .rank = RANK_MOST,
        .id = UINT64_MAX - 1 - cpu,
    };
    core_tls_init(thread, tls);
    thread->registry_next = kiln_thread_list;
    kiln_thread_list->registry_previous = thread;
    kiln_thread_list = thread;
    return thread;
}
