/*
 * 10,000 threads with stacks of 4 KiB live at once in 64 MiB; 100,000 that come and go leave memory
 * as it was. A word says which.
 */
#include <kiln.h>
#include <string.h>
#include "tap.h"

#define MANY       10000
#define TURNS      100000

#define KEPT_PAGES 32 /* less than what CPUs keep at hand, each at its own time */

static struct kiln_thread *threads[MANY];
static KILN_SEMAPHORE(go, 0);
static unsigned ran;

static void *lives(void *argument)
{
    kiln_semaphore_wait(&go);
    __atomic_fetch_add(&ran, 1, __ATOMIC_RELAXED);
    return argument;
}

static void *returns(void *argument)
{
    __atomic_fetch_add(&ran, 1, __ATOMIC_RELAXED);
    return argument;
}

static bool create(struct kiln_thread **thread, int priority, void *(*function)(void *))
{
    const struct kiln_thread_attributes *attributes =
        KILN_THREAD_ATTRIBUTES(.stack_bytes = 4096, .priority = priority);

    return kiln_thread_create(thread, attributes, function, NULL) == 0;
}

static unsigned create_all(void)
{
    unsigned count = 0;

    while (count < MANY && create(&threads[count], KILN_PRIORITY_DEFAULT + 1, lives))
        count++;
    return count;
}

static unsigned join_all(unsigned count)
{
    unsigned joined = 0;

    for (unsigned i = 0; i < count; i++)
        kiln_semaphore_post(&go);
    for (unsigned i = 0; i < count; i++)
        joined += kiln_thread_join(threads[i], NULL) == 0;
    return joined;
}

static void live_at_once(void)
{
    unsigned before = kiln_thread_list_info(NULL, 0);
    unsigned count = create_all();

    printf("# %zu MiB of RAM\n", kiln_ram_bytes() >> 20);
    TAP_EQUAL(count, MANY);
    TAP_EQUAL(kiln_thread_list_info(NULL, 0), before + count);
    TAP_EQUAL(ran, 0);
    TAP_EQUAL(join_all(count), count);
    TAP_EQUAL(ran, count);
    TAP_EQUAL(kiln_thread_list_info(NULL, 0), before);
}

/* In turn before, after and both: they end at once, when they are joined, or detached. */
static bool turn(unsigned i)
{
    struct kiln_thread *thread = NULL;

    if (!create(&thread, KILN_PRIORITY_DEFAULT + 1 - (int)(i % 3), returns))
        return false;
    return i % 4 == 0 ? kiln_thread_detach(thread) == 0 : kiln_thread_join(thread, NULL) == 0;
}

static unsigned turns(unsigned count)
{
    unsigned done = 0;

    while (done < count && turn(done))
        done++;
    kiln_sleep_for(KILN_MILLISECONDS(2));
    return done;
}

static size_t used_pages(void)
{
    struct kiln_memory memory;

    kiln_mem_stats(&memory);
    return memory.used_pages;
}

static void come_and_go(void)
{
    TAP_EQUAL(turns(100), 100);
    size_t before = used_pages();
    unsigned threads_before = kiln_thread_list_info(NULL, 0);

    ran = 0;
    TAP_EQUAL(turns(TURNS), TURNS);
    TAP_EQUAL(ran, TURNS);
    if (kiln_cpu_count() == 1)
        TAP_BALANCES(used_pages(), before);
    else
        TAP_CHECK(used_pages() < before + KEPT_PAGES);
    TAP_EQUAL(kiln_thread_list_info(NULL, 0), threads_before);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "turns") == 0)
        come_and_go();
    else
        live_at_once();
    return tap_done();
}
