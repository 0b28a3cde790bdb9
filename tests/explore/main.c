/* An explorer: walks the schedules of each of its scenarios, or runs one schedule again. */
#include "engine.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Bounds up to this one are walked one after the other, then the scenario's own at once. */
#define FIRST_BOUNDS 2

static struct {
    const char *scenario, *replay;
    bool is_long, is_to_fail;
    int bound;
} wanted = {.bound = -1};

static const char *program;
static int points;

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static unsigned bound_of(const struct explore_scenario *scenario)
{
    if (wanted.bound >= 0)
        return (unsigned)wanted.bound;
    return wanted.is_long && scenario->long_bound ? scenario->long_bound : scenario->bound;
}

/* The smaller bounds first, so that a schedule that fails has the fewest preemptions. */
static bool explore(const struct explore_scenario *scenario, struct figures *figures)
{
    unsigned most = bound_of(scenario);
    bool holds = true;

    for (unsigned bound = 0; holds && bound < most && bound <= FIRST_BOUNDS; bound++)
        holds = search(figures->bound = bound, false, figures);
    return holds && search(figures->bound = most, true, figures);
}

static void print_figures(const struct explore_scenario *scenario, const struct figures *figures)
{
    char bound[32] = "any number of";

    if (figures->bound < EXPLORE_ALL)
        snprintf(bound, sizeof(bound), "up to %u", figures->bound);
    printf("# %s: %llu schedules, of which %llu go to an end of their own, %llu states, "
           "%s preemptions, %llu passes, %.1f s\n",
           scenario->name, (unsigned long long)figures->schedules,
           (unsigned long long)figures->ends, (unsigned long long)figures->states, bound,
           (unsigned long long)figures->passes, seconds());
}

static void print_failure(const struct explore_scenario *scenario)
{
    size_t length;
    const struct decision *path = search_path(&length);

    printf("# %s fails: %s\n# to run this schedule again: %s --replay %s ", scenario->name, failure,
           program, scenario->name);
    print_schedule(path, length);
    printf("\n");
    fflush(stdout);
}

static bool fails_again(void)
{
    size_t length;
    const struct decision *path = search_path(&length);
    bool fails = replays_alike(path, length);

    if (!fails)
        printf("# but not when it runs again: %s\n", failure[0] ? failure : "it ends well");
    return fails;
}

/* In a process of its own, since the runtime's data are used up. */
static int run(const struct explore_scenario *scenario)
{
    struct figures figures = {0};
    bool holds;

    kernel_begin(scenario);
    if (wanted.replay)
        return replay(wanted.replay);
    holds = explore(scenario, &figures);
    print_figures(scenario, &figures);
    if (holds)
        return wanted.is_to_fail;
    print_failure(scenario);
    return !fails_again() || !wanted.is_to_fail;
}

static int run_apart(const struct explore_scenario *scenario)
{
    int status;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0)
        exit(run(scenario));
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 2;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    printf("# %s ends by signal %d\n", scenario->name, WTERMSIG(status));
    return 2;
}

/* A wild access ends the schedule as a failed check does, on a stack of its own. */
static void handle_fault(int number, siginfo_t *information, void *unused)
{
    (void)unused;
    if (!is_watching)
        _exit(2);
    explore_fail("signal %d: an access to %p", number, information->si_addr);
}

static void catch_faults(void)
{
    static char stack[1 << 16];
    const stack_t other = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_sigaction = handle_fault,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

    sigaltstack(&other, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
}

static bool point_of(const struct explore_scenario *scenario)
{
    bool holds = run_apart(scenario) == 0;

    printf("%sok %d - %s%s: %s\n", holds ? "" : "not ", ++points,
           wanted.is_to_fail ? "does not hold: " : "", scenario->name, scenario->what);
    return holds;
}

static void read_arguments(int argc, char **argv)
{
    program = argv[0];
    wanted.is_long = getenv("KILN_LONG_TESTS");
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--long") == 0)
            wanted.is_long = true;
        else if (strcmp(argv[i], "--find") == 0)
            wanted.is_to_fail = true;
        else if (strcmp(argv[i], "--bound") == 0 && i + 1 < argc)
            wanted.bound = atoi(argv[++i]);
        else if (strcmp(argv[i], "--replay") == 0 && i + 2 < argc) {
            wanted.scenario = argv[++i];
            wanted.replay = argv[++i];
        } else
            wanted.scenario = argv[i];
    }
}

int main(int argc, char **argv)
{
    int status = 0;

    read_arguments(argc, argv);
    catch_faults();
    for (const struct explore_scenario *scenario = explore_scenarios; scenario->name; scenario++) {
        if (wanted.scenario && strcmp(wanted.scenario, scenario->name) != 0)
            continue;
        if (wanted.replay)
            return run(scenario);
        status |= !point_of(scenario);
    }
    printf("1..%d\n", points);
    return status;
}
