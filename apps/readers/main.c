/*
 * Readers and writers of one table: readers look at it together, a writer changes it alone, and
 * neither waits for ever, however many of the others there are.
 * In QEMU `--icount` makes every run the same.
 */
#include <kiln.h>
#include <stdio.h>
#include <stdlib.h>

#define READERS 3
#define WRITERS 2
#define TIMES   4
#define PLACES  8

static const char *const readers[READERS] = {"rita", "ruth", "ryan"};
static const char *const writers[WRITERS] = {"walt", "wendy"};

KILN_RWLOCK(lock);
static unsigned table[PLACES];                /* under the lock: all alike */
static unsigned now_reading, together, mixed; /* atomic; the second: most at once */

static void show(const char *does, unsigned value)
{
    printf("%5.1f ms  %-5s %s version %u\n", (double)kiln_time_now() / (double)KILN_MILLISECONDS(1),
           kiln_thread_name(kiln_thread_self()), does, value);
}

/* A writer in between would be seen. */
static void look(void)
{
    unsigned first = table[0], count = __atomic_add_fetch(&now_reading, 1, __ATOMIC_RELAXED);

    if (count > __atomic_load_n(&together, __ATOMIC_RELAXED))
        __atomic_store_n(&together, count, __ATOMIC_RELAXED);
    show("reads", first);
    kiln_sleep_for(KILN_MILLISECONDS(2));
    for (unsigned i = 0; i < PLACES; i++)
        if (table[i] != first)
            __atomic_add_fetch(&mixed, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&now_reading, 1, __ATOMIC_RELAXED);
}

static void *read_it(void *unused)
{
    for (unsigned i = 0; i < TIMES; i++) {
        kiln_rwlock_read_lock(&lock);
        look();
        kiln_rwlock_read_unlock(&lock);
    }
    return unused;
}

static void *write_it(void *unused)
{
    for (unsigned i = 0; i < TIMES; i++) {
        kiln_sleep_for(KILN_MILLISECONDS(1));
        kiln_rwlock_write_lock(&lock);
        for (unsigned place = 0; place < PLACES; place++) {
            table[place]++;
            kiln_thread_yield();
        }
        show("writes", table[0]);
        kiln_rwlock_write_unlock(&lock);
    }
    return unused;
}

static struct kiln_thread *start(void *(*function)(void *), const char *name)
{
    struct kiln_thread *thread;

    if (kiln_thread_create(&thread, KILN_THREAD_ATTRIBUTES(.name = name), function, NULL)) {
        puts("No memory for a thread.");
        exit(1);
    }
    return thread;
}

int main(void)
{
    struct kiln_thread *threads[READERS + WRITERS];

    for (unsigned i = 0; i < READERS; i++)
        threads[i] = start(read_it, readers[i]);
    for (unsigned i = 0; i < WRITERS; i++)
        threads[READERS + i] = start(write_it, writers[i]);
    for (unsigned i = 0; i < READERS + WRITERS; i++)
        kiln_thread_join(threads[i], NULL);
    printf("%u versions, %u mixed; up to %u read together\n", table[0], mixed, together);
    return mixed != 0 || table[0] != WRITERS * TIMES;
}
