/*
 * The textbooks' comparison of scheduling policies: the same jobs under each of them, as a chart of
 * who ran when, with the times until each was done and until it first ran.
 *   schedule [ARRIVAL:LENGTH ...]     in units of 2 ms; up to eight jobs
 * In QEMU `--icount` keeps the host from having a part in it.
 */
#include <kiln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT          KILN_MILLISECONDS(2)
#define JOBS          8
#define COLUMNS       64
#define PRIORITY      30  /* of jobs, where the policy leaves it to them */
#define THRESHOLD     105 /* keeps jobs from each other, not main() from what arrives */
#define MAIN_PRIORITY 110

struct job {
    char name;
    int arrival, length; /* units */
    bool runs_to_end;
    int64_t first_ran, done; /* since the start */
    int64_t ran[COLUMNS];    /* in each unit */
};

struct show {
    const char *title, *remark;
    enum kiln_policy_kind kind;
    bool runs_to_end; /* whoever has begun is not replaced */
    double turnaround, response;
};

static struct job jobs[JOBS];
static int job_count;
static int64_t start;
static struct job *volatile runs; /* the last that did */

static struct show shows[] = {
    {.title = "First come, first served",
     .remark = ": short jobs wait in convoy behind a long one",
     .kind = KILN_POLICY_FIFO},
    {.title = "Shortest job first", .kind = KILN_POLICY_SHORTEST, .runs_to_end = true},
    {.title = "Shortest remaining time", .kind = KILN_POLICY_SHORTEST},
    {.title = "Round robin", .kind = KILN_POLICY_ROUND_ROBIN},
    {.title = "Feedback queue", .kind = KILN_POLICY_NORMAL},
    {.title = "Lottery", .kind = KILN_POLICY_LOTTERY},
};

/* It has run until now for so long. */
static void note(struct job *job, int64_t now, int64_t step)
{
    int64_t end = now - start, begin = end - step;

    while (begin < end && begin / UNIT < COLUMNS) {
        int64_t next = (begin / UNIT + 1) * UNIT;

        job->ran[begin / UNIT] += (next < end ? next : end) - begin;
        begin = next;
    }
}

/* Runs for so long, not counting steps of the clock in which others ran. */
static void *run(void *argument)
{
    struct job *job = argument;
    int64_t left = job->length * UNIT, last = kiln_time_now();

    if (job->runs_to_end)
        kiln_thread_set_threshold(THRESHOLD);
    job->first_ran = last - start;
    while (left > 0) {
        int64_t now = kiln_time_now(), step = now - last;

        if (runs == job) {
            left -= step;
            note(job, now, step);
            last = now;
        } else {
            runs = job;
            last = kiln_time_now();
        }
    }
    job->done = last - start;
    return NULL;
}

static struct kiln_policy policy_for(const struct show *show, const struct job *job)
{
    return (struct kiln_policy){
        .kind = show->kind,
        .slice = UNIT,
        .length = job->length * UNIT + UNIT / 2,
    };
}

static struct kiln_thread *release(const struct show *show, struct job *job)
{
    struct kiln_policy policy = policy_for(show, job);
    struct kiln_thread *thread;

    kiln_sleep_until(start + job->arrival * UNIT);
    if (kiln_thread_create_with_policy(
            &thread, KILN_THREAD_ATTRIBUTES(.priority = PRIORITY, .cpus = 1), &policy, run, job)) {
        puts("No memory for a job.");
        exit(1);
    }
    return thread;
}

/* Switches and arrivals make it a little later than the whole units. */
static int last_column(const struct job *job)
{
    return (int)((job->done - UNIT / 10) / UNIT);
}

static char mark(const struct job *job, int column)
{
    if (job->ran[column] > UNIT / 2)
        return '#';
    if (job->ran[column] > UNIT / 20)
        return '+';
    return column >= job->arrival && column <= last_column(job) ? '.' : ' ';
}

static double units(int64_t time)
{
    return (double)time / (double)UNIT;
}

static void print_job(const struct job *job, int columns)
{
    printf("  %c |", job->name);
    for (int column = 0; column < columns; column++)
        putchar(mark(job, column));
    printf("|  turnaround %5.1f  response %5.1f\n", units(job->done) - job->arrival,
           units(job->first_ran) - job->arrival);
}

static void print_show(struct show *show)
{
    int columns = 0;

    for (int i = 0; i < job_count; i++)
        if (last_column(&jobs[i]) >= columns)
            columns = last_column(&jobs[i]) + 1;
    printf("\n%s%s\n", show->title, show->remark ? show->remark : "");
    for (int i = 0; i < job_count; i++) {
        print_job(&jobs[i], columns < COLUMNS ? columns : COLUMNS);
        show->turnaround += (units(jobs[i].done) - jobs[i].arrival) / job_count;
        show->response += (units(jobs[i].first_ran) - jobs[i].arrival) / job_count;
    }
}

/* Jobs arrive in the order in which they are given. */
static void present(struct show *show)
{
    struct kiln_thread *threads[JOBS];

    start = kiln_time_after(UNIT / 10);
    for (int i = 0; i < job_count; i++) {
        memset(jobs[i].ran, 0, sizeof jobs[i].ran);
        jobs[i].runs_to_end = show->runs_to_end;
        threads[i] = release(show, &jobs[i]);
    }
    for (int i = 0; i < job_count; i++)
        kiln_thread_join(threads[i], NULL);
    print_show(show);
}

static void add(int arrival, int length)
{
    jobs[job_count] = (struct job){
        .name = (char)('A' + job_count),
        .arrival = arrival,
        .length = length,
    };
    job_count++;
}

static bool read_jobs(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int arrival, length;

        if (job_count == JOBS || sscanf(argv[i], "%d:%d", &arrival, &length) != 2 || length < 1 ||
            length > COLUMNS || arrival < 0 || arrival > COLUMNS ||
            (job_count && arrival < jobs[job_count - 1].arrival))
            return false;
        add(arrival, length);
    }
    return true;
}

int main(int argc, char **argv)
{
    if (!read_jobs(argc, argv)) {
        fputs("usage: schedule [ARRIVAL:LENGTH ...], up to 8 jobs in the order of arrival\n",
              stderr);
        return 2;
    }
    if (job_count == 0) {
        add(0, 10);
        add(1, 2);
        add(2, 1);
        add(3, 4);
        add(5, 3);
    }
    kiln_thread_set_priority(kiln_thread_self(), MAIN_PRIORITY);
    for (int i = 0; i < job_count; i++)
        printf("Job %c arrives at %d and takes %d.\n", jobs[i].name, jobs[i].arrival,
               jobs[i].length);
    for (unsigned i = 0; i < sizeof shows / sizeof *shows; i++)
        present(&shows[i]);
    printf("\n%-26s%10s%10s\n", "Means", "turnaround", "response");
    for (unsigned i = 0; i < sizeof shows / sizeof *shows; i++)
        printf("%-26s%10.1f%10.1f\n", shows[i].title, shows[i].turnaround, shows[i].response);
    return 0;
}
