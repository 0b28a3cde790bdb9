/* Descriptors: 0 to 2 are the console, others are files embedded in the image, read-only. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <kiln/console.h>
#include <kiln/files.h>
#include "posix.h"

#define OPEN_FILES 32
#define CONSOLES   3

/* From the start 0 to 2 are the console's, and the others closed. */
enum kind { FROM_START, CLOSED, EMBEDDED };

struct descriptor {
    const struct kiln_file *file;
    off_t offset;
    enum kind kind;
};

/* Protected by POSIX_GLOBAL_LOCK. */
static struct descriptor descriptors[OPEN_FILES];

static int fail(int error)
{
    errno = error;
    return -1;
}

static bool is_open(int fd)
{
    enum kind kind = descriptors[fd].kind;

    return kind == EMBEDDED || (kind == FROM_START && fd < CONSOLES);
}

static struct descriptor *find(int fd)
{
    if (fd < 0 || fd >= OPEN_FILES || !is_open(fd)) {
        errno = EBADF;
        return NULL;
    }
    return &descriptors[fd];
}

int kiln_posix_check(int fd)
{
    return find(fd) ? 0 : -1;
}

bool kiln_posix_is_console(int fd)
{
    const struct descriptor *descriptor = find(fd);

    return descriptor && descriptor->kind == FROM_START;
}

/* Names stand in the image as kiln_app() was given them: "/x" and "./x" mean the same as "x". */
static const struct kiln_file *look_up(const char *path)
{
    const struct kiln_file *file = kiln_file_find(path);

    if (file)
        return file;
    if (path[0] == '.' && path[1] == '/')
        path++;
    while (*path == '/')
        path++;
    file = kiln_file_find(path);
    if (!file)
        errno = ENOENT;
    return file;
}

static int allocate(const struct kiln_file *file)
{
    int fd = 0;

    __lock_acquire_recursive(POSIX_GLOBAL_LOCK);
    while (fd < OPEN_FILES && is_open(fd))
        fd++;
    if (fd < OPEN_FILES)
        descriptors[fd] = (struct descriptor){.file = file, .kind = EMBEDDED};
    __lock_release_recursive(POSIX_GLOBAL_LOCK);
    return fd < OPEN_FILES ? fd : fail(EMFILE);
}

int kiln_posix_open(const char *path, int flags, ...)
{
    const struct kiln_file *file = look_up(path);

    if (!file)
        return fail((flags & O_CREAT) ? EROFS : ENOENT);
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return fail(EEXIST);
    if (flags & O_DIRECTORY)
        return fail(ENOTDIR);
    if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC))
        return fail(EROFS);
    return allocate(file);
}
int open(const char *path, int flags, ...) POSIX_ALIAS(kiln_posix_open);

int kiln_posix_close(int fd)
{
    struct descriptor *descriptor = find(fd);

    if (!descriptor)
        return -1;
    descriptor->kind = CLOSED;
    return 0;
}
int close(int fd) POSIX_ALIAS(kiln_posix_close);

static size_t read_embedded(struct descriptor *descriptor, void *data, size_t bytes)
{
    const struct kiln_file *file = descriptor->file;
    size_t offset, left;

    __lock_acquire_recursive(POSIX_GLOBAL_LOCK);
    offset = descriptor->offset;
    left = offset < file->bytes ? file->bytes - offset : 0;
    if (bytes > left)
        bytes = left;
    descriptor->offset = offset + bytes;
    __lock_release_recursive(POSIX_GLOBAL_LOCK);
    memcpy(data, (const char *)file->data + offset, bytes);
    return bytes;
}

ssize_t kiln_posix_read(int fd, void *data, size_t bytes)
{
    struct descriptor *descriptor = find(fd);

    if (!descriptor)
        return -1;
    if (bytes == 0)
        return 0;
    if (descriptor->kind == FROM_START)
        return kiln_console_read(data, bytes);
    return read_embedded(descriptor, data, bytes);
}
ssize_t read(int fd, void *data, size_t bytes) POSIX_ALIAS(kiln_posix_read);

ssize_t kiln_posix_write(int fd, const void *data, size_t bytes)
{
    const struct descriptor *descriptor = find(fd);

    if (!descriptor)
        return -1;
    if (descriptor->kind != FROM_START)
        return fail(EBADF);
    kiln_console_write(data, bytes);
    return bytes;
}
ssize_t write(int fd, const void *data, size_t bytes) POSIX_ALIAS(kiln_posix_write);

static off_t seek(struct descriptor *descriptor, off_t offset, int whence)
{
    off_t base = 0;

    if (whence == SEEK_CUR)
        base = descriptor->offset;
    else if (whence == SEEK_END)
        base = descriptor->file->bytes;
    else if (whence != SEEK_SET)
        return fail(EINVAL);
    if (__builtin_add_overflow(base, offset, &base))
        return fail(EOVERFLOW);
    if (base < 0)
        return fail(EINVAL);
    descriptor->offset = base;
    return base;
}

off_t kiln_posix_lseek(int fd, off_t offset, int whence)
{
    struct descriptor *descriptor = find(fd);
    off_t result;

    if (!descriptor)
        return -1;
    if (descriptor->kind == FROM_START)
        return fail(ESPIPE);
    __lock_acquire_recursive(POSIX_GLOBAL_LOCK);
    result = seek(descriptor, offset, whence);
    __lock_release_recursive(POSIX_GLOBAL_LOCK);
    return result;
}
off_t lseek(int fd, off_t offset, int whence) POSIX_ALIAS(kiln_posix_lseek);

static void describe(struct stat *status, const struct kiln_file *file)
{
    memset(status, 0, sizeof(*status));
    status->st_nlink = 1;
    status->st_mode = file ? S_IFREG | 0444 : S_IFCHR | 0666;
    status->st_size = file ? (off_t)file->bytes : 0;
    status->st_blksize = BUFSIZ;
    status->st_blocks = (status->st_size + 511) / 512;
}

int kiln_posix_fstat(int fd, struct stat *status)
{
    const struct descriptor *descriptor = find(fd);

    if (!descriptor)
        return -1;
    describe(status, descriptor->kind == FROM_START ? NULL : descriptor->file);
    return 0;
}
int fstat(int fd, struct stat *status) POSIX_ALIAS(kiln_posix_fstat);

int kiln_posix_stat(const char *path, struct stat *status)
{
    const struct kiln_file *file = look_up(path);

    if (!file)
        return -1;
    describe(status, file);
    return 0;
}
int stat(const char *path, struct stat *status) POSIX_ALIAS(kiln_posix_stat);

int kiln_posix_isatty(int fd)
{
    const struct descriptor *descriptor = find(fd);

    if (!descriptor)
        return 0;
    if (descriptor->kind == FROM_START && kiln_console_is_terminal())
        return 1;
    errno = ENOTTY;
    return 0;
}
int isatty(int fd) POSIX_ALIAS(kiln_posix_isatty);

int kiln_posix_access(const char *path, int mode)
{
    if (!look_up(path))
        return -1;
    if (mode & W_OK)
        return fail(EROFS);
    return (mode & X_OK) ? fail(EACCES) : 0;
}
int access(const char *path, int mode) POSIX_ALIAS(kiln_posix_access);

int kiln_posix_unlink(const char *path)
{
    return look_up(path) ? fail(EROFS) : -1;
}
int unlink(const char *path) POSIX_ALIAS(kiln_posix_unlink);

/* ISO C's. The C library calls unlink(), which may be the program's. */
int remove(const char *path)
{
    return kiln_posix_unlink(path);
}

/* ISO C's; the C library has none. */
int rename(const char *from, const char *to)
{
    (void)to;
    return kiln_posix_unlink(from);
}
