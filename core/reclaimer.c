/*
 * The reclaimer: a thread of low priority that has pages freed once a zone is short of them, so
 * that allocations need not, before there are none. It starts at the first shortage, in memory of
 * its own, as there may be no other then.
 */
#include <core/reclaimer.h>

#include <core/schedule.h>
#include <core/thread_create.h>
#include <kiln/semaphore.h>
#include <mm/page.h>

#define PRIORITY     1
#define MEMORY_BYTES ((size_t)8192)
#define TLS_MOST     ((size_t)2048) /* of which that leaves room for a stack */

static char memory[MEMORY_BYTES] KILN_NOINIT __attribute__((aligned(64)));
static KILN_SEMAPHORE(shortage, 0);
static uint32_t has_started; /* atomic */

static void *run(void *unused)
{
    (void)unused;
    for (;;)
        if (kiln_semaphore_wait(&shortage) == 0)
            page_relieve_zones();
    return NULL;
}

static __attribute__((noinline)) void start(void)
{
    uintptr_t state = arch_irq_save();
    struct kiln_thread_attributes attributes = {
        .name = "reclaimer", .priority = PRIORITY, .is_detached = true};
    struct kiln_thread *thread =
        core_thread_prepare(memory, sizeof(memory), &attributes, run, NULL);

    thread->cancel_is_off = true;
    core_thread_start(thread, state);
}

/* Once is enough until it has looked. */
static void wake(void)
{
    if (kiln_semaphore_count(&shortage) == 0)
        kiln_semaphore_post(&shortage);
    if (!__atomic_load_n(&has_started, __ATOMIC_RELAXED) &&
        !__atomic_exchange_n(&has_started, 1, __ATOMIC_RELAXED))
        start();
}

/* Where threads have so much data that it would have no stack, allocations free pages. */
void core_reclaimer_prepare(void)
{
    if (core_tls_bytes() <= TLS_MOST)
        page_on_short(wake);
}
