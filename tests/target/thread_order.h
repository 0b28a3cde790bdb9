/*
 * Threads of a test that runs on one CPU, so that priorities alone say who runs when: each leaves a
 * letter when it comes to a place, and the word that they make is checked.
 */
#ifndef THREAD_ORDER_H
#define THREAD_ORDER_H

#include <stdio.h>
#include <stdlib.h>
#include <errno.h>
#include <kiln.h>
#include <string.h>
#include "tap.h"

#define BASE KILN_PRIORITY_DEFAULT

static char order[64];
static volatile unsigned order_length;

static inline void note(char letter)
{
    unsigned place = order_length;

    if (place < sizeof order - 1) {
        order[place] = letter;
        order_length = place + 1;
    }
}

/* One point: those letters since the last look. */
static inline void check_order(const char *want)
{
    if (!tap_check(strcmp(order, want) == 0, want))
        printf("# came in the order '%s'\n", order);
    memset(order, 0, sizeof order);
    order_length = 0;
}

/* A thread on CPU 0, with these attributes beside. */
#define BEGIN(function, argument, ...)                                                             \
    begin_thread(function, argument,                                                               \
                 KILN_THREAD_ATTRIBUTES(.cpus = 1, .stack_bytes = 4096, __VA_ARGS__))

static inline struct kiln_thread *begin_thread(void *(*function)(void *), const void *argument,
                                               const struct kiln_thread_attributes *attributes)
{
    struct kiln_thread *thread = NULL;
    int error = kiln_thread_create(&thread, attributes, function, (void *)(uintptr_t)argument);

    if (error) {
        printf("Bail out! no thread: error %d\n", -error);
        exit(1);
    }
    return thread;
}

/* Joins it; its result. */
static inline void *end_of(struct kiln_thread *thread)
{
    void *result = NULL;
    int error = kiln_thread_join(thread, &result);

    if (error)
        kiln_panic("a thread cannot be joined: error %d", -error);
    return result;
}

static inline void check_end(struct kiln_thread *thread)
{
    tap_check(end_of(thread) == NULL, "the thread ends as it should");
}

static inline enum kiln_thread_state state_of(const struct kiln_thread *thread)
{
    struct kiln_thread_info info;

    kiln_thread_get_info(thread, &info);
    return info.state;
}

/* Has a function called in an interrupt handler, soon. */
static inline void call_in_handler(void (*function)(void *argument))
{
    static struct kiln_timer timer;

    kiln_timer_init(&timer, function, NULL);
    kiln_timer_start_for(&timer, KILN_MICROSECONDS(100));
}

/* Runs the tests in a thread on CPU 0. */
static inline int run_on_first_cpu(void *(*tests)(void *))
{
    end_of(begin_thread(
        tests, NULL, KILN_THREAD_ATTRIBUTES(.name = "tests", .cpus = 1, .stack_bytes = 32 * 1024)));
    return tap_done();
}

#endif
