/*
 * The calls that newlib makes to the system, by names of its own that a program leaves alone. Each
 * leaves its error also in the structure that it is handed, which need not be the thread's.
 */
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include "../posix.h"
#include "posix_library.h"

static long result(struct _reent *reent, long value)
{
    if (value < 0)
        reent->_errno = errno;
    return value;
}

int _open_r(struct _reent *reent, const char *path, int flags, int mode)
{
    return result(reent, kiln_posix_open(path, flags, mode));
}

int _close_r(struct _reent *reent, int fd)
{
    return result(reent, kiln_posix_close(fd));
}

_off_t _lseek_r(struct _reent *reent, int fd, _off_t offset, int whence)
{
    return result(reent, kiln_posix_lseek(fd, offset, whence));
}

int _isatty_r(struct _reent *reent, int fd)
{
    int is_terminal = kiln_posix_isatty(fd);

    if (!is_terminal)
        reent->_errno = errno;
    return is_terminal;
}

int _fstat_r(struct _reent *reent, int fd, struct stat *status)
{
    return result(reent, kiln_posix_fstat(fd, status));
}

int _stat_r(struct _reent *reent, const char *path, struct stat *status)
{
    return result(reent, kiln_posix_stat(path, status));
}

int _unlink_r(struct _reent *reent, const char *path)
{
    return result(reent, kiln_posix_unlink(path));
}

int _kill_r(struct _reent *reent, int process, int number)
{
    return result(reent, kiln_posix_kill(process, number));
}

int _getpid_r(struct _reent *reent)
{
    (void)reent;
    return kiln_posix_getpid();
}

int _gettimeofday_r(struct _reent *reent, struct timeval *tp, void *tzp)
{
    (void)reent;
    return kiln_posix_gettimeofday(tp, tzp);
}

clock_t _times_r(struct _reent *reent, struct tms *times)
{
    (void)reent;
    return kiln_posix_times(times);
}
