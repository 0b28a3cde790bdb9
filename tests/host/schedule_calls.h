/*
 * What the test of the scheduler does to machine and model alike: interrupts, and the calls that
 * handlers may make, too. The model is told first.
 */
#ifndef SCHEDULE_CALLS_H
#define SCHEDULE_CALLS_H

#include "schedule_check.h"

#define STEPS      1500
#define NOTES      24
#define UNIT       16 /* of time; below it a deadline says whose it is: no two are the same */
#define PRIORITIES 6
#define LOWEST     61 /* of both words of a run queue */

static struct core_timer tick;
static uint64_t seed;
static unsigned steps;
static bool has_ticked;
static char notes[NOTES][100];
static unsigned note_count;
static unsigned long long calls, switches, interrupts; /* how much there was to see */

__attribute__((format(printf, 2, 3))) static void note(int by, const char *format, ...)
{
    char *text = notes[note_count++ % NOTES];
    int length = by == NOBODY ? snprintf(text, sizeof(notes[0]), "an interrupt: ")
                              : snprintf(text, sizeof(notes[0]), "%d: ", by);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + length, sizeof(notes[0]) - (size_t)length, format, arguments);
    va_end(arguments);
    calls++;
}

static void machine_tell(void)
{
    unsigned first = note_count > NOTES ? note_count - NOTES : 0;

    for (unsigned i = first; i < note_count; i++)
        printf("# %s\n", notes[i % NOTES]);
    printf("# seed %llu, after %u steps\n", (unsigned long long)seed, steps);
}

static bool ends(void)
{
    return steps >= STEPS;
}

static int below(int limit)
{
    return (int)test_below((uint64_t)limit);
}

static bool one_in(int count)
{
    return below(count) == 0;
}

static int any_priority(void)
{
    return LOWEST + below(PRIORITIES);
}

/* A thread that is there, if only until somebody joins it. */
static int any_thread(void)
{
    int id;

    do {
        id = below(MODEL_THREADS);
    } while (model_of(id)->place == ABSENT);
    return id;
}

static int64_t future(int id)
{
    return (kiln_time_now() / UNIT + 1 + below(1 << below(12))) * UNIT + id;
}

/* Mostly none. */
static int64_t any_deadline(int id)
{
    if (id != 0 && one_in(2))
        return KILN_FOREVER;
    return one_in(8) ? 1 : future(id);
}

/* What a call has returned; the caller runs again, as the model says. */
static void returns(int id, int result, const char *call)
{
    expect(model.running == id, "thread %d goes on after %s, not thread %d", id, call,
           model.running);
    expect(arch_thread_self() == threads[id] && !arch_irqs_off() && !arch_in_interrupt(),
           "thread %d goes on otherwise", id);
    expect(result == model_of(id)->result, "%s returns %d, not %d, to thread %d", call, result,
           model_of(id)->result, id);
    switches++;
}

static void settle(int id, int result)
{
    model_of(id)->result = result;
    model_settle();
}

/* What may be done from everywhere. `by` is NOBODY in a handler. */

static void post(int by)
{
    int semaphore = below(MODEL_SEMAPHORES);

    note(by, "posts semaphore %d", semaphore);
    model_semaphore_post(semaphore);
    if (by != NOBODY)
        settle(by, 0);
    kiln_semaphore_post(&semaphores[semaphore]);
    if (by != NOBODY)
        returns(by, 0, "post");
}

static void try(int by)
{
    int semaphore = below(MODEL_SEMAPHORES), result = model_semaphore_try(semaphore);

    note(by, "tries semaphore %d", semaphore);
    expect(kiln_semaphore_try(&semaphores[semaphore]) == result, "try");
}

static void ask(int by, const char *call, int id, int predicted,
                int (*function)(struct kiln_thread *))
{
    int result;

    note(by, "%s thread %d", call, id);
    if (by != NOBODY)
        settle(by, predicted);
    result = function(threads[id]);
    if (by != NOBODY)
        returns(by, result, call);
    else
        expect(result == predicted, "%s returns %d, not %d, to a handler", call, result, predicted);
}

static void suspend(int by)
{
    int id = any_thread();

    ask(by, "suspends", id, model_suspend(id), kiln_thread_suspend);
}

static void resume(int by)
{
    int id = any_thread();

    ask(by, "resumes", id, model_resume(id), kiln_thread_resume);
}

static void interrupt_wait(int by)
{
    int id = any_thread();

    ask(by, "interrupts", id, model_interrupt(id), kiln_thread_interrupt);
}

static void cancel(int by)
{
    int id = any_thread();

    if (id != 0)
        ask(by, "cancels", id, model_cancel(id), kiln_thread_cancel);
}

static int new_priority;

static int set_new_priority(struct kiln_thread *thread)
{
    return kiln_thread_set_priority(thread, new_priority);
}

static void set_priority(int by)
{
    char call[40];
    int id = any_thread();

    new_priority = any_priority();
    snprintf(call, sizeof(call), "sets priority %d of", new_priority);
    ask(by, call, id, model_set_priority(id, new_priority), set_new_priority);
}

static void (*const anywhere[])(int by) = {
    post,   post,           post,   try,          suspend,      resume,
    resume, interrupt_wait, cancel, set_priority, set_priority,
};

static void do_anything(int by)
{
    anywhere[below((int)(sizeof(anywhere) / sizeof(anywhere[0])))](by);
}

/* Interrupts. */

static void tick_expired(struct core_timer *timer)
{
    has_ticked = true;
    core_timer_start(timer, (uint64_t)future(UNIT - 1));
}

static uintptr_t take_interrupt(uint32_t is_device)
{
    interrupts++;
    has_ticked = false;
    model_expire(kiln_time_now());
    while (host_cpu.alarm_on && host_cpu.alarm <= host_cpu.counter)
        machine_alarm(NULL);
    for (int count = (has_ticked || is_device) && !ends() ? below(6) : 0; count > 0; count--) {
        check_all();
        do_anything(NOBODY);
    }
    check_all();
    if (one_in(50))
        note(NOBODY, "ends");
    model_settle();
    return (uintptr_t)arch_percpu()->reschedule;
}

/* An FP register is as it was when the thread goes on. */
static void be_interrupted(int id, bool by_device)
{
    uint64_t number = test_random();
    bool uses_fp = one_in(3);

    note(id, "is interrupted");
    if (uses_fp)
        *host_fp() = number;
    model_of(id)->result = 0;
    host_interrupt(by_device);
    returns(id, 0, "an interrupt");
    expect(!uses_fp || *host_fp() == number, "thread %d has another FP register", id);
}

/* Time passes with interrupts masked, which then come, one or several. */
static void let_time_pass(int id)
{
    uint64_t time = host_cpu.alarm > host_cpu.counter ? host_cpu.alarm - host_cpu.counter : 0;

    host_cpu.counter += time + (one_in(4) ? test_below(500) : 0);
    be_interrupted(id, false);
}

#endif
