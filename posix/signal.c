/*
 * Signals of the one process that there is, number 1: raise() and kill() call the handler that
 * signal() set, or do what the signal does by default; a mask holds them back. The C library's
 * raise() would keep handlers per thread, know no mask, and call a `kill` of the program's.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>
#include <kiln/panic.h>
#include "posix.h"

#define PROCESS 1

#ifndef NSIG
#define NSIG _NSIG
#endif

typedef void (*handler_t)(int number);

static handler_t handlers[NSIG];

/* One bit a signal. */
static sigset_t blocked, pending;

handler_t signal(int number, handler_t handler)
{
    handler_t before;

    if (number <= 0 || number >= NSIG || number == SIGKILL || number == SIGSTOP) {
        errno = EINVAL;
        return SIG_ERR;
    }
    before = handlers[number];
    handlers[number] = handler;
    return before;
}

pid_t kiln_posix_getpid(void)
{
    return PROCESS;
}
pid_t getpid(void) POSIX_ALIAS(kiln_posix_getpid);

static void act_by_default(int number)
{
    switch (number) {
    case SIGCHLD:
    case SIGCONT:
    case SIGURG:
    case SIGWINCH:
        return;
    case SIGABRT:
        kiln_panic("abort() called");
    default:
        kiln_panic("killed by signal %d", number);
    }
}

/* The handler is for once: it sets itself again if it wants to go on. */
static void deliver(int number)
{
    handler_t handler = handlers[number];

    if (handler == SIG_IGN)
        return;
    handlers[number] = SIG_DFL;
    if (handler == SIG_DFL)
        act_by_default(number);
    else
        handler(number);
}

int kiln_posix_kill(pid_t process, int number)
{
    if (number < 0 || number >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    if (process != PROCESS && process != 0 && process != -1) {
        errno = ESRCH;
        return -1;
    }
    if (number == 0)
        return 0;
    if ((blocked & ((sigset_t)1 << number)) && number != SIGKILL && number != SIGSTOP) {
        pending |= (sigset_t)1 << number;
        return 0;
    }
    deliver(number);
    return 0;
}
int kill(pid_t process, int number) POSIX_ALIAS(kiln_posix_kill);

int raise(int number)
{
    return kiln_posix_kill(PROCESS, number);
}

static void deliver_pending(void)
{
    for (int number = 1; number < NSIG; number++) {
        sigset_t bit = (sigset_t)1 << number;

        if (pending & ~blocked & bit) {
            pending &= ~bit;
            deliver(number);
        }
    }
}

int kiln_posix_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t before = blocked;

    if (set && how != SIG_BLOCK && how != SIG_UNBLOCK && how != SIG_SETMASK) {
        errno = EINVAL;
        return -1;
    }
    if (set && how == SIG_BLOCK)
        blocked |= *set;
    else if (set && how == SIG_UNBLOCK)
        blocked &= ~*set;
    else if (set)
        blocked = *set;
    if (old)
        *old = before;
    deliver_pending();
    return 0;
}
int sigprocmask(int how, const sigset_t *set, sigset_t *old) POSIX_ALIAS(kiln_posix_sigprocmask);
