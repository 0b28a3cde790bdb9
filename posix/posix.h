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

/*
 * The C library's lock, recursive. The owner is the thread, plus 1 in an interrupt handler; 0 is
 * free; atomic. Only the owner touches depth.
 */
struct __lock {
    uintptr_t owner;
    unsigned depth;
};

/* The library's own lock, for state that seldom changes. */
#define POSIX_GLOBAL_LOCK    (&__lock___libc_recursive_mutex)

#define CONSOLE_BUFFER_BYTES 256

/* stdin and stdout. */
struct console_stream {
    FILE file;
    struct __lock lock; /* protects what follows */
    char *own;          /* CONSOLE_BUFFER_BYTES */
    char *buffer;
    unsigned size;
    unsigned length; /* bytes in the buffer */
    unsigned next;   /* stdin: the first one that is not yet read */
    bool line;       /* stdout: a newline flushes */
    bool allocated;  /* buffer comes from malloc */
};

/* Writes out what stdout holds, 0; NULL (weak) when stdout is not linked in. */
int kiln_posix_stdout_flush(FILE *file) __attribute__((weak));

/* Flushes every stream made by fopen and fdopen, 0 or EOF; NULL (weak) when there can be none. */
int kiln_posix_streams_flush(void) __attribute__((weak));

/*
 * The buffer that setvbuf asks for: the caller's, the stream's own, or one from malloc. NULL if
 * there is no memory. *size is 1 for an unbuffered stream.
 */
char *kiln_posix_buffer(char *callers, int mode, size_t *size, char *own, size_t own_size,
                        bool *allocated);

/* Flags of a FILE and of open() for a mode of fopen(); 0 and EINVAL if it is wrong. */
int kiln_posix_mode(const char *mode, int *open_flags);

/* The descriptor calls, with errno. */
int kiln_posix_open(const char *path, int flags, ...);
int kiln_posix_close(int fd);
ssize_t kiln_posix_read(int fd, void *data, size_t bytes);
ssize_t kiln_posix_write(int fd, const void *data, size_t bytes);
off_t kiln_posix_lseek(int fd, off_t offset, int whence);
int kiln_posix_isatty(int fd);

/* 0 if the descriptor is open, else -1 and EBADF. */
int kiln_posix_check(int fd);

#endif
