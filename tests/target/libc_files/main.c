/* Files embedded in the image, through descriptors and through streams. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <kiln/files.h>
#include "../tap.h"

#define BYTES 3000

static unsigned char data[BYTES + 10];

static unsigned count_wrong(size_t from, size_t bytes)
{
    unsigned wrong = 0;

    for (size_t i = 0; i < bytes; i++)
        wrong += data[i] != (unsigned char)((from + i) * 7);
    return wrong;
}

/* One point: the call fails with that error. */
#define FAILS(call, error)                                                                         \
    do {                                                                                           \
        errno = 0;                                                                                 \
        tap_check((call) == -1 && errno == (error), #call " is " #error);                          \
    } while (0)

static void test_table(void)
{
    const struct kiln_file *file = kiln_file_find("data/bytes.bin");
    size_t count = 0;

    while (kiln_file_at(count))
        count++;
    TAP_EQUAL(count, 3);
    tap_check(file && file->bytes == BYTES, "kiln_file_find");
    TAP_CHECK(kiln_file_find("data") == NULL);
}

static void test_descriptors(void)
{
    int fd = open("data/bytes.bin", O_RDONLY);
    int other = open("/data/bytes.bin", O_RDONLY);
    struct stat status;

    tap_check(fd >= 3 && other > fd, "open");
    TAP_EQUAL(read(fd, data, 100), 100);
    TAP_EQUAL(read(fd, data, sizeof(data)), BYTES - 100);
    TAP_EQUAL(count_wrong(100, BYTES - 100), 0);
    TAP_EQUAL(read(fd, data, 1), 0);
    TAP_EQUAL(lseek(fd, -50, SEEK_END), BYTES - 50);
    TAP_EQUAL(lseek(fd, 20, SEEK_CUR), BYTES - 30);
    TAP_EQUAL(read(fd, data, 100), 30);
    TAP_EQUAL(count_wrong(BYTES - 30, 30), 0);
    TAP_EQUAL(lseek(fd, 5000, SEEK_SET), 5000);
    TAP_EQUAL(read(fd, data, 1), 0);
    FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
    FAILS(lseek(fd, 0, 77), EINVAL);
    TAP_EQUAL(fstat(fd, &status), 0);
    TAP_EQUAL(status.st_size, BYTES);
    TAP_CHECK(S_ISREG(status.st_mode));
    TAP_CHECK(!isatty(fd));
    FAILS(write(fd, data, 1), EBADF);
    TAP_EQUAL(read(other, data, 10), 10);
    TAP_EQUAL(count_wrong(0, 10), 0);
    TAP_EQUAL(close(fd), 0);
    FAILS(close(fd), EBADF);
    FAILS(read(fd, data, 1), EBADF);
    TAP_EQUAL(open("./data/empty.txt", O_RDONLY), fd);
    TAP_EQUAL(read(fd, data, 1), 0);
    close(fd);
    close(other);
}

static void test_errors(void)
{
    struct stat status;
    int fd, count = 0;

    FAILS(open("data/none", O_RDONLY), ENOENT);
    FAILS(open("data/none", O_WRONLY | O_CREAT, 0666), EROFS);
    FAILS(open("data/bytes.bin", O_RDWR), EROFS);
    FAILS(open("data/bytes.bin", O_RDONLY | O_CREAT | O_EXCL, 0666), EEXIST);
    FAILS(open("data/bytes.bin", O_RDONLY | O_DIRECTORY), ENOTDIR);
    FAILS(unlink("data/bytes.bin"), EROFS);
    FAILS(unlink("data/none"), ENOENT);
    FAILS(remove("data/bytes.bin"), EROFS);
    FAILS(rename("data/bytes.bin", "x"), EROFS);
    FAILS(access("data/bytes.bin", W_OK), EROFS);
    FAILS(access("data/none", R_OK), ENOENT);
    TAP_EQUAL(access("data/bytes.bin", R_OK), 0);
    FAILS(stat("data/none", &status), ENOENT);
    TAP_EQUAL(stat("data/bytes.bin", &status), 0);
    TAP_EQUAL(status.st_size, BYTES);
    FAILS(read(-1, data, 1), EBADF);
    FAILS(write(1000, data, 1), EBADF);
    FAILS(lseek(0, 0, SEEK_CUR), ESPIPE);
    TAP_EQUAL(fstat(0, &status), 0);
    TAP_CHECK(S_ISCHR(status.st_mode));
    while ((fd = open("data/bytes.bin", O_RDONLY)) >= 0)
        count = fd;
    TAP_EQUAL(errno, EMFILE);
    while (count >= 3)
        close(count--);
}

static void test_text(void)
{
    FILE *file = fopen("data/numbers.txt", "r");
    char line[20], word[20];
    int number;

    TAP_NEED(file != NULL);
    tap_check(fgets(line, sizeof(line), file) && strcmp(line, "one 1\n") == 0, "fgets");
    TAP_EQUAL(ftell(file), 6);
    TAP_EQUAL(fscanf(file, "%19s %d", word, &number), 2);
    TAP_EQUAL(number, 2);
    TAP_EQUAL(fgetc(file), '\n');
    tap_check(fgets(line, sizeof(line), file) && strcmp(line, "three 3") == 0,
              "fgets of a last line without a newline");
    TAP_CHECK(fgets(line, sizeof(line), file) == NULL);
    TAP_CHECK(feof(file) && !ferror(file));
    rewind(file);
    TAP_CHECK(!feof(file));
    TAP_EQUAL(fgetc(file), 'o');
    TAP_EQUAL(ungetc('o', file), 'o');
    TAP_EQUAL(ftell(file), 0);
    TAP_EQUAL(fgetc(file), 'o');
    TAP_EQUAL(fseek(file, 3, SEEK_CUR), 0);
    TAP_EQUAL(fgetc(file), '1');
    TAP_EQUAL(fputc('x', file), EOF);
    TAP_EQUAL(fclose(file), 0);
}

static void test_binary(void)
{
    static char buffer[777];
    FILE *file = fopen("data/bytes.bin", "rb");

    TAP_NEED(file != NULL);
    TAP_EQUAL(setvbuf(file, buffer, _IOFBF, sizeof(buffer)), 0);
    TAP_EQUAL(fread(data, 100, 31, file), 30);
    TAP_EQUAL(count_wrong(0, BYTES), 0);
    TAP_CHECK(feof(file));
    TAP_EQUAL(fseek(file, -100, SEEK_END), 0);
    TAP_EQUAL(fread(data, 1, 50, file), 50);
    TAP_EQUAL(count_wrong(BYTES - 100, 50), 0);
    TAP_EQUAL(ftell(file), BYTES - 50);
    TAP_EQUAL(fseek(file, 1000, SEEK_SET), 0);
    TAP_EQUAL(setvbuf(file, NULL, _IOFBF, 2000), 0);
    TAP_EQUAL(fread(data, 1, 1500, file), 1500);
    TAP_EQUAL(count_wrong(1000, 1500), 0);
    TAP_EQUAL(fileno(file), 3);
    TAP_EQUAL(fclose(file), 0);
    FAILS(fstat(3, &(struct stat){0}), EBADF);
}

static void test_streams(void)
{
    FILE *file;

    errno = 0;
    TAP_CHECK(fopen("data/none", "r") == NULL && errno == ENOENT);
    TAP_CHECK(fopen("data/bytes.bin", "w") == NULL && errno == EROFS);
    TAP_CHECK(fopen("data/bytes.bin", "r+") == NULL && errno == EROFS);
    TAP_CHECK(fopen("data/bytes.bin", "?") == NULL && errno == EINVAL);
    TAP_CHECK(fdopen(77, "r") == NULL && errno == EBADF);
    file = fmemopen(data, 10, "w");
    TAP_NEED(file != NULL);
    fprintf(file, "abc");
    TAP_EQUAL(fclose(file), 0);
    tap_check(strcmp((char *)data, "abc") == 0, "fmemopen");
}

static void test_reopening(void)
{
    FILE *file = fopen("data/bytes.bin", "r");
    int number = 0;
    char word[20];

    TAP_NEED(file != NULL);
    fgetc(file);
    TAP_CHECK(freopen("data/numbers.txt", "r", file) == file);
    TAP_EQUAL(fscanf(file, "%19s %d", word, &number), 2);
    TAP_EQUAL(number, 1);
    TAP_EQUAL(ftell(file), 5);
    TAP_CHECK(freopen("data/none", "r", file) == NULL && errno == ENOENT);
    TAP_CHECK(freopen("data/numbers.txt", "w", stdout) == NULL);
    TAP_CHECK(freopen("data/numbers.txt", "r", stdin) == stdin);
    TAP_EQUAL(fileno(stdin), 0);
    TAP_EQUAL(scanf("%19s %d %19s %d", word, &number, word, &number), 4);
    TAP_EQUAL(number, 2);
    TAP_EQUAL(scanf("%19s %d", word, &number), 2);
    TAP_EQUAL(number, 3);
    TAP_EQUAL(getchar(), EOF);
    TAP_CHECK(feof(stdin) && !ferror(stdin));
}

static void test_positions(void)
{
    FILE *file = fopen("data/bytes.bin", "r");
    fpos_t position;

    TAP_NEED(file != NULL);
    TAP_EQUAL(fread(data, 1, 20, file), 20);
    TAP_EQUAL(fgetpos(file, &position), 0);
    TAP_EQUAL(fread(data, 1, 20, file), 20);
    TAP_EQUAL(fsetpos(file, &position), 0);
    TAP_EQUAL(fgetc(file), 20 * 7);
    TAP_EQUAL(fclose(file), 0);
    TAP_CHECK(fgetpos(stdout, &position) != 0);
}

int main(void)
{
    test_table();
    test_descriptors();
    test_errors();
    test_text();
    test_binary();
    test_streams();
    test_positions();
    test_reopening();
    return tap_done();
}
