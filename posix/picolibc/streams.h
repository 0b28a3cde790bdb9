/* Shared by the files that make streams over the console and over descriptors. */
#ifndef POSIX_STREAMS_H
#define POSIX_STREAMS_H

#include "../locks.h"
#include "../posix.h"

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

/*
 * The buffer that setvbuf asks for: the caller's, the stream's own, or one from malloc. NULL if
 * there is no memory. *size is 1 for an unbuffered stream.
 */
char *kiln_posix_buffer(char *callers, int mode, size_t *size, char *own, size_t own_size,
                        bool *allocated);

/* Flags of a FILE and of open() for a mode of fopen(); 0 and EINVAL if it is wrong. */
int kiln_posix_mode(const char *mode, int *open_flags);

#endif
