/* Between newlib's streams, which could all read, and the programs that do. */
#ifndef POSIX_READING_H
#define POSIX_READING_H

#include <sys/types.h>

/* Reads for a stream as read() does; NULL before a program first reads from one. */
extern ssize_t (*kiln_posix_read_stream)(int fd, void *data, size_t bytes);

#endif
