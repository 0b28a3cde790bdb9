/*
 * Shared by the files of posix/. Every POSIX call that ISO C leaves to the program is a weak alias
 * of a function named kiln_posix_, which is what posix/ itself calls: an app may define `open` or
 * `read` of its own, and fopen still works.
 */
#ifndef POSIX_H
#define POSIX_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/lock.h>
#include <sys/types.h>

#define POSIX_ALIAS(function) __attribute__((weak, alias(#function)))

/* The lock for state that seldom changes. */
#define POSIX_GLOBAL_LOCK (&__lock___libc_recursive_mutex)
extern struct __lock __lock___libc_recursive_mutex;

/* The buffers of stdin and stdout, until setvbuf() gives them others. */
#define CONSOLE_BUFFER_BYTES 256

/* Writes out what stdout holds, 0; NULL (weak) when stdout is not linked in. */
int kiln_posix_stdout_flush(FILE *file) __attribute__((weak));

/* For who looks for pointers on the stack: zeros where functions that have returned had theirs, up
 * to a KiB below the caller. */
void kiln_posix_clear_stack(void);

/* Flushes every stream made by fopen and fdopen, 0 or EOF; NULL (weak) when there can be none. */
int kiln_posix_streams_flush(void) __attribute__((weak));

/* The descriptor calls, with errno. */
int kiln_posix_open(const char *path, int flags, ...);
int kiln_posix_close(int fd);
ssize_t kiln_posix_read(int fd, void *data, size_t bytes);
ssize_t kiln_posix_write(int fd, const void *data, size_t bytes);
off_t kiln_posix_lseek(int fd, off_t offset, int whence);
int kiln_posix_isatty(int fd);
struct stat;
int kiln_posix_fstat(int fd, struct stat *status);
int kiln_posix_stat(const char *path, struct stat *status);
int kiln_posix_unlink(const char *path);

/* The others, with errno. */
struct timeval;
struct tms;
pid_t kiln_posix_getpid(void);
int kiln_posix_kill(pid_t process, int number);
int kiln_posix_gettimeofday(struct timeval *time, void *zone);
clock_t kiln_posix_times(struct tms *times);

/* Whether it is the console's, and not a file's. */
bool kiln_posix_is_console(int fd);

/* 0 if the descriptor is open, else -1 and EBADF. */
int kiln_posix_check(int fd);

#endif
