/* Allocations of pages that wait for some to come back. */
#include <kiln/page.h>

#include <core/wait.h>
#include <errno.h>
#include <kiln/system.h>
#include <kiln/thread.h>
#include <kiln/time.h>
#include <mm/page.h>

/* What reclaimers could give is told to nobody. */
#define RETRY KILN_MILLISECONDS(10)

/* One of both: exact pages if their number is not 0. */
struct request {
    size_t pages;
    unsigned order;
    unsigned flags;
};

/* Who waits for pages. */
static struct kiln_wait_queue queue = KILN_WAIT_QUEUE_INIT("pages");
static unsigned waiters;
static uint64_t returns; /* how often pages have come back; also read without the lock */

static unsigned note_return(void)
{
    uintptr_t state = arch_irq_save();

    core_lock(&queue.lock);
    unsigned count = waiters;

    __atomic_store_n(&returns, returns + 1, __ATOMIC_RELAXED);
    core_unlock(&queue.lock);
    arch_irq_restore(state);
    return count;
}

static bool wake_one(void)
{
    uintptr_t state = arch_irq_save();

    core_lock(&queue.lock);
    struct kiln_thread *thread = core_wait_take(&queue);

    core_unlock(&queue.lock);
    if (thread)
        core_wake(0, thread, state);
    else
        arch_irq_restore(state);
    return thread;
}

/* Each tries whether it is enough for it; who waits again meanwhile is not woken forever. */
static void wake_all(void)
{
    unsigned left = note_return();

    while (left > 0 && wake_one())
        left--;
}

/* The upcall is there while anybody waits. */
static void count_waiters(int by)
{
    uintptr_t state = arch_irq_save();

    core_lock(&queue.lock);
    waiters += (unsigned)by;
    page_on_free(waiters ? wake_all : NULL);
    core_unlock(&queue.lock);
    arch_irq_restore(state);
}

/* Not if pages have come back since the last try. -EINTR: interrupted. */
static int wait_for_return(uint64_t seen, int64_t deadline)
{
    int64_t again = kiln_time_after(RETRY);
    uintptr_t state = arch_irq_save();

    core_lock(&queue.lock);
    if (returns == seen)
        return core_wait_until(&queue, deadline < again ? deadline : again, state);
    core_unlock(&queue.lock);
    arch_irq_restore(state);
    return 0;
}

static void *try(const struct request *request)
{
    unsigned flags = request->flags | KILN_PAGE_WAIT;

    return request->pages ? kiln_page_alloc_exact(request->pages, flags)
                          : kiln_page_alloc(request->order, flags);
}

static void *wait_for(const struct request *request, int64_t deadline)
{
    void *pages;
    int error = 0;

    do {
        uint64_t seen = __atomic_load_n(&returns, __ATOMIC_ACQUIRE);

        pages = try(request);
        if (pages || kiln_time_now() >= deadline)
            break;
        error = wait_for_return(seen, deadline);
    } while (error != -EINTR);
    return pages;
}

static void *allocate(const struct request *request, int64_t deadline)
{
    void *pages = try(request);

    if (pages || deadline == KILN_NOWAIT)
        return pages;
    bool was_cancellable = kiln_thread_set_cancellable(false);

    count_waiters(1);
    pages = wait_for(request, deadline);
    count_waiters(-1);
    kiln_thread_set_cancellable(was_cancellable);
    return pages;
}

void *kiln_page_alloc_until(unsigned order, unsigned flags, int64_t deadline)
{
    if (order > KILN_PAGE_ORDER_TOP)
        return NULL;
    return allocate(&(struct request){0, order, flags}, deadline);
}

void *kiln_page_alloc_exact_until(size_t pages, unsigned flags, int64_t deadline)
{
    if (pages == 0 || pages > kiln_ram_bytes() / KILN_PAGE_BYTES)
        return NULL;
    return allocate(&(struct request){pages, 0, flags}, deadline);
}
