/* Anonymous mappings of POSIX: what they hold, how they are protected, and what they refuse. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "free_pages.h"
#include "tap.h"

#define PAGE    ((size_t)4096)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)

static char *map(size_t bytes, int protection, int flags)
{
    return mmap(NULL, bytes, protection, flags, -1, 0);
}

#define FAILS(call, error) (errno = 0, (call) && errno == (error))

static void test_errors(void)
{
    char *start = map(PAGE, PROT_READ, PRIVATE);
    TAP_NEED(start != MAP_FAILED);
    TAP_CHECK(FAILS(map(0, PROT_READ, PRIVATE) == MAP_FAILED, EINVAL));
    TAP_CHECK(FAILS(map(PAGE, PROT_READ, MAP_ANONYMOUS) == MAP_FAILED, EINVAL));
    TAP_CHECK(FAILS(map(PAGE, PROT_READ, MAP_PRIVATE) == MAP_FAILED, ENODEV));
    TAP_CHECK(FAILS(map(PAGE, PROT_WRITE | PROT_EXEC, PRIVATE) == MAP_FAILED, ENOTSUP));
    TAP_CHECK(FAILS(map((size_t)-1, PROT_READ, PRIVATE) == MAP_FAILED, ENOMEM));
    TAP_CHECK(FAILS(map((size_t)1 << 60, PROT_READ, PRIVATE) == MAP_FAILED, ENOMEM));
    TAP_CHECK(FAILS(mmap(start + PAGE, PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0) == MAP_FAILED,
                    ENOMEM));
    TAP_CHECK(FAILS(mprotect(start, 2 * PAGE, PROT_READ) == -1, ENOMEM));
    TAP_CHECK(FAILS(mprotect(start, PAGE, PROT_WRITE | PROT_EXEC) == -1, ENOTSUP));
    TAP_CHECK(FAILS(munmap(start + 1, PAGE) == -1, EINVAL));
    TAP_CHECK(FAILS(munmap(start, 0) == -1, EINVAL));
    TAP_CHECK(
        FAILS(mremap(start, PAGE, 2 * PAGE, MREMAP_FIXED, start + PAGE) == MAP_FAILED, EINVAL));
    TAP_CHECK(FAILS(mremap(start, 2 * PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, start + PAGE) ==
                        MAP_FAILED,
                    EINVAL));
    TAP_CHECK(FAILS(mremap(start + 4 * PAGE, PAGE, PAGE, 0) == MAP_FAILED, EFAULT));
    TAP_CHECK(FAILS(mremap(start, PAGE, 0, MREMAP_MAYMOVE) == MAP_FAILED, EINVAL));
    TAP_CHECK(FAILS(mremap(start, 3 * PAGE, 9 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED, EFAULT));
    TAP_CHECK(FAILS(mremap(start, -4 * PAGE, -2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED, EFAULT));
    TAP_EQUAL(munmap(start, PAGE), 0);
}

static void test_memory(int flags)
{
    char *start = map(5 * PAGE - 100, PROT_READ | PROT_WRITE, PRIVATE | flags);
    TAP_NEED(start != MAP_FAILED && (size_t)start % PAGE == 0);
    memset(start + PAGE, 1, PAGE);
    TAP_CHECK(start[0] == 0 && start[PAGE] == 1 && start[5 * PAGE - 1] == 0);
    TAP_EQUAL(mprotect(start, 5 * PAGE, PROT_NONE), 0);
    TAP_EQUAL(mprotect(start, 5 * PAGE, PROT_READ), 0);
    TAP_EQUAL(start[2 * PAGE - 1], 1);
    TAP_EQUAL(munmap(start, PAGE), 0);
    TAP_NEED(mmap(start + PAGE, PAGE, PROT_READ | PROT_WRITE, PRIVATE | MAP_FIXED, -1, 0) ==
             start + PAGE);
    TAP_EQUAL(start[PAGE], 0);
    TAP_EQUAL(munmap(start, 5 * PAGE), 0);
}

/* A range grows where it is as long as nobody has the addresses behind it. */
static void test_grow(void)
{
    char *start = map(4 * PAGE, PROT_READ | PROT_WRITE, PRIVATE);
    TAP_NEED(start != MAP_FAILED);
    strcpy(start, "stays");
    TAP_NEED(mremap(start, 4 * PAGE, 9 * PAGE, 0) == start);
    TAP_CHECK(strcmp(start, "stays") == 0 && start[9 * PAGE - 1] == 0);
    TAP_EQUAL(mprotect(start, 9 * PAGE, PROT_READ | PROT_WRITE), 0);
    TAP_CHECK(FAILS(mremap(start, 2 * PAGE, 3 * PAGE, 0) == MAP_FAILED, ENOMEM));
    TAP_CHECK(mremap(start, 9 * PAGE, 9 * PAGE, 0) == start);
    char *other = mremap(start, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE);
    TAP_NEED(other != MAP_FAILED && other != start && strcmp(other, "stays") == 0);
    TAP_CHECK(FAILS(mprotect(start, PAGE, PROT_READ) == -1, ENOMEM));
    TAP_EQUAL(munmap(start, 9 * PAGE), 0);
    TAP_EQUAL(munmap(other, 3 * PAGE), 0);
}

/* To an address of the caller's, in place of what is there. */
static void test_fixed(void)
{
    char *start = map(4 * PAGE, PROT_READ | PROT_WRITE, PRIVATE);
    char *place = map(6 * PAGE, PROT_READ | PROT_WRITE, PRIVATE);
    TAP_NEED(start != MAP_FAILED && place != MAP_FAILED);
    strcpy(start + 2 * PAGE, "moved");
    memset(place, 1, 6 * PAGE);
    TAP_NEED(mremap(start, 4 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place + PAGE) ==
             place + PAGE);
    TAP_CHECK(strcmp(place + 3 * PAGE, "moved") == 0 && place[PAGE] == 0);
    TAP_CHECK(place[0] == 1 && place[4 * PAGE] == 1);
    TAP_CHECK(FAILS(mprotect(start, PAGE, PROT_READ) == -1, ENOMEM));
    TAP_EQUAL(mprotect(place, 6 * PAGE, PROT_NONE), 0);
    TAP_NEED((start = mremap(place, 6 * PAGE, 7 * PAGE, MREMAP_MAYMOVE)) != MAP_FAILED);
    TAP_EQUAL(mprotect(start, 7 * PAGE, PROT_READ), 0);
    TAP_CHECK(strcmp(start + 3 * PAGE, "moved") == 0);
    TAP_EQUAL(munmap(start, 7 * PAGE), 0);
}

static void test_remap(void)
{
    char *start = map(4 * PAGE, PROT_READ | PROT_WRITE, PRIVATE);
    char *obstacle = map(PAGE, PROT_READ, PRIVATE);
    TAP_NEED(start != MAP_FAILED);
    strcpy(start + PAGE, "kept");
    TAP_EQUAL(mprotect(start, 4 * PAGE, PROT_READ), 0);
    char *larger = mremap(start, 4 * PAGE, 100 * PAGE, MREMAP_MAYMOVE);
    TAP_NEED(larger != MAP_FAILED && strcmp(larger + PAGE, "kept") == 0);
    TAP_EQUAL(larger[99 * PAGE], 0);
    TAP_CHECK(FAILS(mprotect(start, PAGE, PROT_READ) == -1, ENOMEM));
    TAP_EQUAL(mprotect(larger, PAGE, PROT_READ | PROT_WRITE), 0);
    TAP_CHECK(mremap(larger, 100 * PAGE, 2 * PAGE, 0) == larger);
    TAP_CHECK(FAILS(mprotect(larger, 3 * PAGE, PROT_READ) == -1, ENOMEM));
    TAP_CHECK(strcmp(larger + PAGE, "kept") == 0);
    TAP_EQUAL(munmap(larger, 2 * PAGE), 0);
    TAP_EQUAL(munmap(obstacle, PAGE), 0);
}

int main(void)
{
    size_t before = count_free_pages();
    test_errors();
    test_memory(0);
    test_memory(MAP_POPULATE);
    test_remap();
    test_grow();
    test_fixed();
    TAP_BALANCES(count_free_pages(), before);
    return tap_done();
}
