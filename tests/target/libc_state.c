/* What the C library keeps: errno, thread-local data, constructors, atexit, signals, the
 * environment. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tap.h"

static char order[40];

static void note(char c)
{
    order[strlen(order)] = c;
}

static void before_all(void)
{
    note('0');
}
__attribute__((used, section(".preinit_array"))) static void (*const preinit)(void) = before_all;

__attribute__((constructor(200))) static void second(void)
{
    note('2');
}

__attribute__((constructor)) static void last(void)
{
    note('3');
}

__attribute__((constructor(101))) static void first(void)
{
    note('1');
}

static _Thread_local int initialised = 42;
static _Thread_local int cleared;
static _Thread_local _Alignas(64) char aligned[64] = "aligned";

static void test_thread_local(void)
{
    TAP_EQUAL(initialised, 42);
    TAP_EQUAL(cleared, 0);
    initialised++;
    cleared = 7;
    TAP_EQUAL(initialised, 43);
    TAP_EQUAL(cleared, 7);
    tap_check((uintptr_t)aligned % 64 == 0 && strcmp(aligned, "aligned") == 0,
              "thread-local data are aligned");
}

static void test_errno(void)
{
    errno = 0;
    TAP_EQUAL(strtol("99999999999999999999", NULL, 10), __LONG_MAX__);
    TAP_EQUAL(errno, ERANGE);
    errno = 0;
    TAP_EQUAL(close(99), -1);
    TAP_EQUAL(errno, EBADF);
    tap_check(strcmp(strerror(ENOENT), strerror(EBADF)) != 0, "strerror tells errors apart");
}

static volatile sig_atomic_t caught;

static void handler(int signal)
{
    caught = signal;
}

static void test_signals(void)
{
    sigset_t set = (sigset_t)1 << SIGUSR1;

    signal(SIGUSR1, handler);
    TAP_EQUAL(raise(SIGUSR1), 0);
    TAP_EQUAL(caught, SIGUSR1);
    caught = 0;
    signal(SIGUSR1, handler);
    TAP_EQUAL(kill(getpid(), SIGUSR1), 0);
    TAP_EQUAL(caught, SIGUSR1);
    caught = 0;
    signal(SIGUSR1, handler);
    TAP_EQUAL(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    TAP_EQUAL(kill(getpid(), SIGUSR1), 0);
    TAP_EQUAL(caught, 0);
    TAP_EQUAL(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
    TAP_EQUAL(caught, SIGUSR1);
    TAP_CHECK(signal(SIGUSR1, SIG_IGN) == SIG_DFL);
    TAP_EQUAL(raise(SIGUSR1), 0);
    TAP_CHECK(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
    TAP_CHECK(signal(SIGKILL, handler) == SIG_ERR && errno == EINVAL);
    TAP_EQUAL(kill(getpid(), 0), 0);
    TAP_EQUAL(kill(getpid(), SIGCHLD), 0);
    errno = 0;
    TAP_EQUAL(kill(4711, 0), -1);
    TAP_EQUAL(errno, ESRCH);
}

static void test_environment(void)
{
    TAP_CHECK(getenv("HOME") == NULL);
    TAP_NEED(setenv("HOME", "/here", 1) == 0 && getenv("HOME"));
    tap_check(strcmp(getenv("HOME"), "/here") == 0, "setenv, getenv");
}

static void test_jumps(void)
{
    jmp_buf place;
    volatile int visits = 0;
    int value = setjmp(place);

    visits++;
    if (value < 3)
        longjmp(place, value + 1);
    TAP_EQUAL(visits, 4);
}

static void test_random(void)
{
    unsigned char a[32] = {0}, b[32] = {0};

    TAP_EQUAL(getentropy(a, sizeof(a)), 0);
    TAP_EQUAL(getentropy(b, sizeof(b)), 0);
    tap_check(memcmp(a, b, sizeof(a)) != 0, "getentropy gives different bytes each time");
    TAP_EQUAL(getentropy(a, 257), -1);
}

static void finish(void)
{
    tap_check(strcmp(order, "0123mba") == 0,
              "constructors by priority, main, atexit from the last");
    _Exit(tap_done());
}

static void exit_a(void)
{
    note('a');
}

static void exit_b(void)
{
    note('b');
}

int main(void)
{
    note('m');
    TAP_EQUAL(atexit(finish), 0);
    TAP_EQUAL(atexit(exit_a), 0);
    TAP_EQUAL(atexit(exit_b), 0);
    test_thread_local();
    test_errno();
    test_signals();
    test_environment();
    test_jumps();
    test_random();
    return 1;
}
