/*
 * The ways a program ends, and what of its output must then be there: the argument names one.
 * libc_end.json says what each has to print, and the status.
 */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <kiln.h>

static void by_return(void)
{
    printf("no newline, returned");
}

static void by_exit(void)
{
    static char buffer[1000];

    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    printf("fully buffered\nand exit");
    exit(7);
}

static void by__exit(void)
{
    printf("left by _exit");
    _exit(8);
}

static void by_stream(void)
{
    FILE *file = fdopen(1, "w");

    setvbuf(file, NULL, _IOFBF, 5000);
    fprintf(file, "a stream that nobody closed");
    exit(9);
}

static void by_panic(void)
{
    printf("pending at the panic");
    kiln_panic("the end");
}

static void by_fault(void)
{
    printf("pending at the fault");
    *(volatile int *)8 = 1;
}

static void by_abort(void)
{
    printf("pending at abort");
    abort();
}

static void on_abort(int signal)
{
    printf("caught %s\n", signal == SIGABRT ? "SIGABRT" : "another signal");
}

static void by_abort_caught(void)
{
    signal(SIGABRT, on_abort);
    abort();
}

static void by_assert(void)
{
    volatile int two = 2;

    printf("pending at assert");
    assert(two == 3);
}

static void by_raise(void)
{
    raise(SIGTERM);
}

static void by_closed(void)
{
    printf("before fclose");
    fclose(stdout);
    printf("after fclose");
    exit(puts("x") < 0 ? 10 : 11);
}

static const struct {
    const char *name;
    void (*run)(void);
} ways[] = {
    {"return", by_return}, {"exit", by_exit},   {"_exit", by__exit},   {"stream", by_stream},
    {"panic", by_panic},   {"fault", by_fault}, {"abort", by_abort},   {"caught", by_abort_caught},
    {"assert", by_assert}, {"raise", by_raise}, {"closed", by_closed},
};

int main(int argc, char **argv)
{
    for (unsigned i = 0; argc == 2 && i < sizeof(ways) / sizeof(ways[0]); i++)
        if (strcmp(ways[i].name, argv[1]) == 0) {
            ways[i].run();
            return 5;
        }
    return 1;
}
