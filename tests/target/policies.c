/* Policies measured on one CPU in virtual time: shares, gaming, starvation, slices, deadlines. */
#include <errno.h>
#include <kiln.h>
#include <string.h>
#include "tap.h"

#define WORKERS 8

/* A thread that counts while it runs: all loops take the same time. */
struct worker {
    struct kiln_thread *thread;
    uint64_t count;
    uint64_t rest_after; /* counts between what `rest` does; 0: never */
    void (*rest)(void);
    uint64_t turns; /* how often it found that somebody else had run */
    uint64_t most;  /* counts after which it stops; 0: by `stop` */
};

static struct worker workers[WORKERS];
static unsigned worker_count;
static bool stop;
static struct worker *volatile last;
static unsigned finished;
static double counts_per_ns;

static void *work(void *argument)
{
    struct worker *self = argument;

    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        if (last != self) {
            self->turns++;
            last = self;
        }
        self->count++;
        if (self->rest_after && self->count % self->rest_after == 0)
            self->rest();
        if (self->count == self->most)
            break;
    }
    return NULL;
}

static struct worker *start(const struct kiln_policy *policy)
{
    struct worker *worker = &workers[worker_count++];

    if (kiln_thread_create_with_policy(&worker->thread, NULL, policy, work, worker))
        tap_check(false, "a thread with a policy is created");
    return worker;
}

static void run_for(int64_t time)
{
    kiln_sleep_for(time);
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < worker_count; i++)
        kiln_thread_join(workers[i].thread, NULL);
}

/* Takes the time of so many counts. */
static void spend(uint64_t counts)
{
    struct worker worker = {.most = counts};

    work(&worker);
}

static void calibrate(void)
{
    int64_t before = kiln_time_now();

    spend(10000);
    counts_per_ns = 10000 / (double)(kiln_time_now() - before);
    printf("# a count takes %.1f ns\n", 1 / counts_per_ns);
}

static uint64_t counts_in(int64_t time)
{
    return (uint64_t)((double)time * counts_per_ns);
}

static void begin(void)
{
    memset(workers, 0, sizeof workers);
    worker_count = 0;
    stop = false;
}

static double part(unsigned i)
{
    uint64_t all = 0;

    for (unsigned j = 0; j < worker_count; j++)
        all += workers[j].count;
    return (double)workers[i].count / (double)all;
}

static void check_parts(const double *parts, double most, const char *what)
{
    bool holds = true;
    double all = 0;

    for (unsigned i = 0; i < worker_count; i++)
        all += parts[i];
    for (unsigned i = 0; i < worker_count; i++) {
        double ratio = part(i) / (parts[i] / all);

        printf("# %.4f of the time instead of %.4f\n", part(i), parts[i] / all);
        holds = holds && ratio > 1 - most && ratio < 1 + most;
    }
    tap_check(holds, what);
}

static void test_equal(void)
{
    static const double equal[] = {1, 1, 1, 1, 1};

    begin();
    for (unsigned i = 0; i < 5; i++)
        start(&(struct kiln_policy){.kind = KILN_POLICY_NORMAL});
    run_for(KILN_SECONDS(1));
    check_parts(equal, 0.05, "five normal threads have equal shares, within 5 %");
}

static void test_nice(void)
{
    static const double weights[] = {3.0517578125, 1, 0.32768, 1};
    static const int nice[] = {-5, 0, 5, 10};

    begin();
    for (unsigned i = 0; i < 4; i++)
        start(&(struct kiln_policy){.kind = KILN_POLICY_NORMAL, .nice = nice[i]});
    TAP_EQUAL(kiln_thread_set_nice(workers[3].thread, 0), 0);
    run_for(KILN_SECONDS(1));
    check_parts(weights, 0.05, "shares are as the weights of nice -5, 0 and 5, within 5 %");
}

static void nap(void)
{
    kiln_sleep_for(KILN_MICROSECONDS(2));
}

/* Nearly the slice of 2 ms that each of four has at the lowest level. */
static void test_gaming(void)
{
    begin();
    for (unsigned i = 0; i < 4; i++)
        start(&(struct kiln_policy){.kind = KILN_POLICY_NORMAL});
    workers[0].rest_after = counts_in(KILN_MICROSECONDS(1900));
    workers[0].rest = kiln_thread_yield;
    workers[1].rest_after = counts_in(KILN_MICROSECONDS(1900));
    workers[1].rest = nap;
    run_for(KILN_MILLISECONDS(300));
    printf("# %.4f by yielding, %.4f by sleeping, of 0.25\n", part(0), part(1));
    tap_check(part(0) < 0.2525 && part(1) < 0.2525,
              "who yields or sleeps before its slice ends gains nothing");
}

/* The others start anew all the time, and so are above who is at the lowest level; until it, too,
 * is brought up, which is at each whole second. */
static void test_starvation(void)
{
    const struct kiln_policy normal = {.kind = KILN_POLICY_NORMAL};
    uint64_t before = 0;

    begin();
    kiln_sleep_until((kiln_time_now() / KILN_SECONDS(1) + 1) * KILN_SECONDS(1) -
                     KILN_MILLISECONDS(100));
    for (unsigned i = 0; i < 3; i++)
        start(&normal);
    kiln_sleep_for(KILN_MILLISECONDS(60));
    for (unsigned i = 0; i < 20; i++) {
        kiln_thread_set_policy(workers[0].thread, &normal);
        kiln_thread_set_policy(workers[1].thread, &normal);
        if (i == 1)
            before = workers[2].count;
        if (i == 8)
            TAP_EQUAL(workers[2].count - before, 0);
        kiln_sleep_for(KILN_MILLISECONDS(4));
    }
    tap_check(workers[2].count > before + counts_in(KILN_MILLISECONDS(3)),
              "a thread of the lowest level runs after a boost");
    run_for(0);
}

static void test_lottery(void)
{
    static const unsigned tickets[] = {100, 200, 300, 400};
    const double draws = 1000;
    bool holds = true;

    begin();
    for (unsigned i = 0; i < 4; i++)
        start(&(struct kiln_policy){.kind = KILN_POLICY_LOTTERY, .tickets = tickets[i]});
    run_for(KILN_SECONDS(1));
    for (unsigned i = 0; i < 4; i++) {
        double chance = tickets[i] / 1000.0, off = part(i) - chance;

        printf("# %.4f of the time instead of %.4f\n", part(i), chance);
        holds = holds && off * off < 9 * chance * (1 - chance) / draws;
    }
    tap_check(holds, "the lottery's shares are within 3 sigma");
}

static KILN_INTERRUPT_HANDLER void nothing(void *unused)
{
    (void)unused;
}

static KILN_TIMER(interruption, nothing, NULL);

static void test_round_robin(void)
{
    static const double equal[] = {1, 1, 1};

    begin();
    for (unsigned i = 0; i < 3; i++)
        start(
            &(struct kiln_policy){.kind = KILN_POLICY_ROUND_ROBIN, .slice = KILN_MILLISECONDS(1)});
    for (unsigned i = 0; i < 3; i++)
        TAP_EQUAL(kiln_thread_set_priority(workers[i].thread, 50), -EINVAL);
    kiln_thread_set_priority(kiln_thread_self(), KILN_PRIORITY_DEFAULT + 1);
    run_for(KILN_MILLISECONDS(60));
    kiln_thread_set_priority(kiln_thread_self(), KILN_PRIORITY_DEFAULT);
    check_parts(equal, 0.05, "round robin threads have equal shares");
    tap_check(workers[1].turns >= 19 && workers[1].turns <= 21, "and a slice in each turn");
}

/* Plain threads of the same priority run until they yield, here after half a slice: after each
 * slice of one of the others. */
static void test_round_robin_beside_fifo(unsigned others)
{
    static const double parts[][3] = {{1, 2}, {1, 1, 1}};

    begin();
    start(&(struct kiln_policy){.kind = KILN_POLICY_COOPERATIVE});
    workers[0].rest_after = counts_in(KILN_MICROSECONDS(500));
    workers[0].rest = kiln_thread_yield;
    for (unsigned i = 0; i < others; i++)
        start(
            &(struct kiln_policy){.kind = KILN_POLICY_ROUND_ROBIN, .slice = KILN_MILLISECONDS(1)});
    kiln_thread_set_priority(kiln_thread_self(), KILN_PRIORITY_DEFAULT + 1);
    run_for(KILN_MILLISECONDS(60));
    kiln_thread_set_priority(kiln_thread_self(), KILN_PRIORITY_DEFAULT);
    check_parts(parts[others - 1], 0.05, "a plain equal has its turn after each slice");
}

/* Neither equals nor those below preempt it. */
static void test_cooperative(void)
{
    begin();
    for (unsigned i = 0; i < 2; i++) {
        start(&(struct kiln_policy){.kind = KILN_POLICY_COOPERATIVE});
        workers[i].most = counts_in(KILN_MILLISECONDS(5));
    }
    start(&(struct kiln_policy){.kind = KILN_POLICY_ROUND_ROBIN, .slice = KILN_MILLISECONDS(1)});
    workers[2].most = counts_in(KILN_MILLISECONDS(5));
    start(&(struct kiln_policy){.kind = KILN_POLICY_NORMAL});
    kiln_thread_set_priority(kiln_thread_self(), KILN_PRIORITY_DEFAULT + 1);
    for (unsigned i = 0; i < 6; i++) {
        kiln_timer_start_for(&interruption, KILN_MILLISECONDS(1));
        kiln_sleep_for(KILN_MILLISECONDS(2));
    }
    kiln_thread_set_priority(kiln_thread_self(), KILN_PRIORITY_DEFAULT);
    run_for(0);
    for (unsigned i = 0; i < 2; i++)
        TAP_EQUAL(workers[i].turns, 1);
}

static void *finish(void *argument)
{
    struct worker *self = argument;

    spend(self->rest_after);
    self->turns = ++finished;
    return NULL;
}

static void test_shortest(void)
{
    static const int length[] = {5, 3, 1, 4, 2};

    begin();
    finished = 0;
    for (unsigned i = 0; i < 5; i++) {
        struct kiln_policy policy = {.kind = KILN_POLICY_SHORTEST,
                                     .length = KILN_MILLISECONDS(length[i]) + 100000};

        workers[i].rest_after = counts_in(KILN_MILLISECONDS(length[i]));
        kiln_thread_create_with_policy(&workers[i].thread, NULL, &policy, finish, &workers[i]);
    }
    for (unsigned i = 0; i < 5; i++)
        kiln_thread_join(workers[i].thread, NULL);
    for (unsigned i = 0; i < 5; i++)
        TAP_EQUAL(workers[i].turns, length[i]);
}

/* Jobs of nearly the whole runtime; `turns` counts the late ones. */
static void *periodic(void *argument)
{
    struct worker *self = argument;

    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        spend(self->rest_after);
        self->count++;
        self->turns += kiln_thread_wait_period() != 0;
    }
    return NULL;
}

static int start_periodic(int64_t runtime, int64_t period, void *(*function)(void *))
{
    struct worker *worker = &workers[worker_count];
    struct kiln_policy policy = {.kind = KILN_POLICY_DEADLINE,
                                 .runtime = KILN_MICROSECONDS(runtime),
                                 .period = KILN_MICROSECONDS(period)};
    int error;

    worker->rest_after = function == work ? 0 : counts_in(policy.runtime * 97 / 100);
    error = kiln_thread_create_with_policy(&worker->thread, NULL, &policy, function, worker);
    worker_count += error == 0;
    return error;
}

static void test_deadline(void)
{
    uint64_t late = 0;
    int64_t time;

    begin();
    kiln_thread_set_priority(kiln_thread_self(), KILN_PRIORITY_DEADLINE + 1);
    time = kiln_time_now();
    TAP_EQUAL(start_periodic(2000, 10000, periodic), 0);
    TAP_EQUAL(start_periodic(3750, 15000, periodic), 0);
    TAP_EQUAL(start_periodic(11000, 55000, periodic), 0);
    TAP_EQUAL(start_periodic(30000, 100000, work), 0);
    TAP_EQUAL(start_periodic(2000, 100000, periodic), -EBUSY);
    run_for(KILN_MILLISECONDS(990) - (kiln_time_now() - time));
    for (unsigned i = 0; i < 3; i++)
        late += workers[i].turns;
    TAP_EQUAL(late, 0);
    TAP_EQUAL(workers[0].count, 99);
    TAP_EQUAL(workers[1].count, 66);
    TAP_EQUAL(workers[2].count, 18);
    tap_check(workers[3].count < counts_in(KILN_MILLISECONDS(301)) &&
                  workers[3].count > counts_in(KILN_MILLISECONDS(285)),
              "who never ends its job has its runtime in each period, and no more");
    kiln_thread_set_priority(kiln_thread_self(), KILN_PRIORITY_DEFAULT);
    TAP_EQUAL(start_periodic(900, 1000, periodic), 0);
    run_for(0);
}

static struct kiln_mutex mutex = KILN_MUTEX_INIT;

static void *hold(void *argument)
{
    struct worker *self = argument;

    kiln_mutex_lock(&mutex);
    spend(counts_in(KILN_MILLISECONDS(5)));
    self->count = (uint64_t)kiln_thread_priority(kiln_thread_self());
    kiln_mutex_unlock(&mutex);
    return work(argument);
}

/* What a thread inherits takes it out of its group's order, to which it comes back. */
static void test_inheritance(void)
{
    int64_t before;

    begin();
    kiln_thread_create_with_policy(&workers[0].thread, NULL,
                                   &(struct kiln_policy){.kind = KILN_POLICY_NORMAL, .nice = 19},
                                   hold, &workers[0]);
    worker_count = 1;
    kiln_sleep_for(KILN_MICROSECONDS(500));
    for (unsigned i = 0; i < 3; i++)
        start(&(struct kiln_policy){.kind = KILN_POLICY_NORMAL, .nice = -10});
    kiln_sleep_for(KILN_MILLISECONDS(1));
    before = kiln_time_now();
    kiln_mutex_lock(&mutex);
    tap_check(kiln_time_now() - before < KILN_MILLISECONDS(6),
              "who holds a mutex is not kept from the CPU by its group");
    TAP_EQUAL(workers[0].count, KILN_PRIORITY_NORMAL);
    kiln_mutex_unlock(&mutex);
    for (unsigned i = 0; i < 4; i++)
        workers[i].count = 0;
    run_for(KILN_MILLISECONDS(50));
    printf("# %.4f of the time at nice 19\n", part(0));
    tap_check(part(0) < 0.01, "afterwards it has its share again");
}

static void test_errors(void)
{
    struct kiln_thread *thread = kiln_thread_self();
    static const struct kiln_policy wrong[] = {
        {.kind = (enum kiln_policy_kind)6},
        {.kind = KILN_POLICY_ROUND_ROBIN, .slice = -1},
        {.kind = KILN_POLICY_NORMAL, .nice = 20},
        {.kind = KILN_POLICY_NORMAL, .nice = -21},
        {.kind = KILN_POLICY_NORMAL, .nice = 256},
        {.kind = KILN_POLICY_LOTTERY, .tickets = 1000001},
        {.kind = KILN_POLICY_SHORTEST},
        {.kind = KILN_POLICY_DEADLINE, .period = 1000},
        {.kind = KILN_POLICY_DEADLINE, .period = 1000, .runtime = 1001},
        {.kind = KILN_POLICY_DEADLINE, .period = 1000, .runtime = 10, .deadline = 1001},
        {.kind = KILN_POLICY_DEADLINE, .period = KILN_SECONDS(61), .runtime = 10},
    };

    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        TAP_EQUAL(kiln_thread_set_policy(thread, &wrong[i]), -EINVAL);
    TAP_EQUAL(kiln_thread_create_with_policy(&thread, NULL, &wrong[0], work, NULL), -EINVAL);
    TAP_EQUAL(kiln_thread_set_nice(kiln_thread_self(), 0), -EINVAL);
    TAP_EQUAL(kiln_thread_wait_period(), -EINVAL);
}

/* The running thread, too, changes policies, and goes on. */
static void test_changes(void)
{
    struct kiln_thread *self = kiln_thread_self();

    for (unsigned i = KILN_POLICY_FIFO; i <= KILN_POLICY_DEADLINE; i++) {
        struct kiln_policy policy = {.kind = (enum kiln_policy_kind)i,
                                     .length = 1000000,
                                     .period = 1000000,
                                     .runtime = 500000};

        TAP_EQUAL(kiln_thread_set_policy(self, &policy), 0);
        kiln_thread_yield();
        kiln_sleep_for(1000);
        kiln_scheduler_lock();
        kiln_thread_yield();
        kiln_scheduler_unlock();
    }
    TAP_EQUAL(kiln_thread_priority(self), KILN_PRIORITY_DEADLINE);
    TAP_EQUAL(kiln_thread_set_policy(self, &(struct kiln_policy){.kind = KILN_POLICY_FIFO}), 0);
    TAP_EQUAL(kiln_thread_priority(self), KILN_PRIORITY_DEFAULT);
}

int main(void)
{
    calibrate();
    test_equal();
    test_nice();
    test_gaming();
    test_starvation();
    test_lottery();
    test_round_robin();
    test_round_robin_beside_fifo(1);
    test_round_robin_beside_fifo(2);
    test_cooperative();
    test_shortest();
    test_deadline();
    test_inheritance();
    test_errors();
    test_changes();
    return tap_done();
}
