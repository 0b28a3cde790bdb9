/*
 * Virtual memory on one CPU: each permission, memory on demand, blocks, snapshots, and that all
 * pages come back. An argument chooses an access that has to end in a panic instead; two, what maps
 * a GiB.
 */
#include <errno.h>
#include <kiln.h>
#include <stdlib.h>
#include <string.h>
#include "free_pages.h"
#include "tap.h"

#define PAGE  KILN_VM_PAGE
#define BLOCK ((size_t)2 << 20)
#define GIANT ((size_t)1 << 30)
#define PAGES 16

static char *reserve(size_t bytes)
{
    void *start = NULL;
    TAP_NEED(kiln_vm_reserve(bytes, 0, &start) == 0);
    return start;
}

static char *mapped(size_t bytes, enum kiln_vm_access access, unsigned flags)
{
    char *start = reserve(bytes);
    TAP_NEED(kiln_vm_map(start, bytes, access, flags) == 0);
    return start;
}

static struct kiln_vm_info query(const void *address)
{
    struct kiln_vm_info info = {0};
    TAP_EQUAL(kiln_vm_query(address, &info), 0);
    return info;
}

/* Writes to each page of a range. */
static void fill(char *start, size_t bytes, char value)
{
    for (size_t at = 0; at < bytes; at += PAGE)
        start[at] = (char)(value + (char)(at / PAGE));
}

static bool is_filled(const char *start, size_t bytes, char value)
{
    for (size_t at = 0; at < bytes; at += PAGE)
        if (start[at] != (char)(value + (char)(at / PAGE)) || start[at + 1] != 0)
            return false;
    return true;
}

static void test_reserve(void)
{
    char *start = reserve(PAGES * PAGE);
    struct kiln_vm_info info = query(start + PAGE);
    tap_check(info.start == start && info.bytes == PAGES * PAGE, "a query finds the whole range");
    tap_check(info.is_reserved && !info.is_mapped && info.block_bytes == 0, "nothing is mapped");
    tap_check(!query(start - 1).is_reserved && !query(start + PAGES * PAGE).is_reserved,
              "there are guards on both sides");
    TAP_EQUAL(kiln_vm_release(start, PAGES * PAGE), 0);
    TAP_CHECK(!query(start).is_reserved);
    TAP_EQUAL(kiln_vm_query((const void *)test_reserve, &info), -EINVAL);
}

static void test_errors(void)
{
    char *start = reserve(PAGES * PAGE);
    void *other;
    TAP_EQUAL(kiln_vm_reserve(0, 0, &other), -EINVAL);
    TAP_EQUAL(kiln_vm_reserve(PAGE, 3 * PAGE, &other), -EINVAL);
    TAP_EQUAL(kiln_vm_reserve((size_t)1 << 62, 0, &other), -ENOMEM);
    TAP_EQUAL(kiln_vm_map(start + 1, PAGE, KILN_VM_READ, 0), -EINVAL);
    TAP_EQUAL(kiln_vm_map(start, PAGE, KILN_VM_NO_ACCESS, KILN_VM_POPULATE), -EINVAL);
    TAP_EQUAL(kiln_vm_map(start + PAGE, PAGES * PAGE, KILN_VM_READ, 0), -EFAULT);
    TAP_EQUAL(kiln_vm_map(start + PAGE, PAGE, KILN_VM_READ, 0), 0);
    TAP_EQUAL(kiln_vm_map(start, 2 * PAGE, KILN_VM_READ, 0), -EEXIST);
    TAP_EQUAL(kiln_vm_protect(start, 2 * PAGE, KILN_VM_WRITE), -EFAULT);
    TAP_EQUAL(kiln_vm_unmap(start, (PAGES + 1) * PAGE), -EFAULT);
    TAP_EQUAL(kiln_vm_release(start, PAGES * PAGE), 0);
}

static void test_on_demand(void)
{
    char *start = mapped(PAGES * PAGE, KILN_VM_WRITE, 0);
    TAP_EQUAL(query(start + PAGE).block_bytes, 0);
    start[PAGE + 5] = 7;
    TAP_EQUAL(query(start + PAGE).block_bytes, PAGE);
    TAP_EQUAL(query(start).block_bytes, 0);
    unsigned others = 0;
    for (size_t at = 0; at < PAGES * PAGE; at++)
        others += start[at] != 0;
    TAP_EQUAL(others, 1);
    TAP_EQUAL(kiln_vm_release(start, PAGES * PAGE), 0);
}

/* A fault may not change a register, of FP neither, which nobody has saved. */
static void test_registers(void)
{
    char *start = mapped(PAGES * PAGE, KILN_VM_WRITE, 0);
    uint64_t in[2] = {0x0123456789ABCDEF, 0xFEDCBA9876543210}, out[2] = {0, 0};
#ifdef __x86_64__
    __asm__ volatile("movups %1, %%xmm3\n\tmovb $1, (%2)\n\tmovups %%xmm3, %0"
                     : "=m"(out)
                     : "m"(in), "r"(start)
                     : "xmm3", "memory");
#else
    __asm__ volatile("ldr q3, %1\n\tstrb wzr, [%2]\n\tstr q3, %0"
                     : "=m"(out)
                     : "m"(in), "r"(start)
                     : "v3", "memory");
#endif
    TAP_CHECK(out[0] == in[0] && out[1] == in[1]);
    TAP_EQUAL(kiln_vm_release(start, PAGES * PAGE), 0);
}

/* An array of instructions that return 42. */
static const unsigned char code[] = {
#ifdef __x86_64__
    0xB8, 42, 0, 0, 0, 0xC3,
#else
    0x40, 0x05, 0x80, 0x52, 0xC0, 0x03, 0x5F, 0xD6,
#endif
};

static void test_protect(unsigned flags)
{
    char *start = mapped(PAGES * PAGE, KILN_VM_WRITE, flags);
    fill(start, PAGES * PAGE, 3);
    memcpy(start + 2 * PAGE, code, sizeof(code));
    TAP_NEED(kiln_vm_protect(start + 2 * PAGE, PAGE, KILN_VM_EXECUTE) == 0);
    int (*function)(void);
    *(void **)&function = start + 2 * PAGE;
    TAP_EQUAL(function(), 42);
    TAP_EQUAL(query(start + 2 * PAGE).bytes, PAGE);
    TAP_EQUAL(query(start + 2 * PAGE).access, KILN_VM_EXECUTE);
    TAP_NEED(kiln_vm_protect(start + 2 * PAGE, PAGE, KILN_VM_WRITE) == 0);
    memset(start + 2 * PAGE, 0, PAGE);
    fill(start, PAGES * PAGE, 3);
    TAP_NEED(kiln_vm_protect(start, PAGES * PAGE, KILN_VM_READ) == 0);
    TAP_CHECK(is_filled(start, PAGES * PAGE, 3));
    TAP_EQUAL(kiln_vm_protect(start + PAGE, PAGES / 2 * PAGE, KILN_VM_NO_ACCESS), 0);
    TAP_EQUAL(query(start + PAGE).block_bytes, 0);
    TAP_NEED(kiln_vm_protect(start, PAGES * PAGE, KILN_VM_WRITE) == 0);
    tap_check(is_filled(start, PAGES * PAGE, 3), "what had no access is as it was");
    TAP_EQUAL(query(start).bytes, PAGES * PAGE);
    TAP_EQUAL(kiln_vm_protect(start, PAGES * PAGE, KILN_VM_NO_ACCESS), 0);
    TAP_EQUAL(kiln_vm_release(start, PAGES * PAGE), 0);
}

static void test_blocks(void)
{
    char *start = mapped(3 * BLOCK, KILN_VM_WRITE, KILN_VM_POPULATE);
    TAP_EQUAL(query(start + BLOCK).block_bytes, BLOCK);
    fill(start, 3 * BLOCK, 1);
    TAP_EQUAL(kiln_vm_protect(start, BLOCK, KILN_VM_READ), 0);
    TAP_EQUAL(query(start).block_bytes, BLOCK);
    TAP_NEED(kiln_vm_unmap(start + BLOCK - PAGE, 2 * PAGE) == 0);
    TAP_EQUAL(query(start).block_bytes, PAGE);
    TAP_EQUAL(query(start + 2 * BLOCK).block_bytes, BLOCK);
    tap_check(is_filled(start, BLOCK - PAGE, 1), "what is not unmapped stays");
    TAP_NEED(kiln_vm_map(start + BLOCK - PAGE, 2 * PAGE, KILN_VM_READ, 0) == 0);
    TAP_EQUAL(start[BLOCK], 0);
    TAP_EQUAL(kiln_vm_release(start, 3 * BLOCK), 0);
}

static size_t count_zero_blocks(const char *start)
{
    size_t count = 0;
    for (size_t at = 0; at < GIANT; at += BLOCK)
        count += start[at] == 0 && start[at + BLOCK - 1] == 0;
    return count;
}

static size_t count_wrong(const char *start, size_t bytes, size_t without)
{
    size_t wrong = 0;
    for (size_t at = 0; at < bytes; at += BLOCK)
        wrong += at != without && start[at] != (char)(at / BLOCK);
    return wrong;
}

/* Where a GiB of memory lies side by side, it is mapped by the largest blocks that the CPU has. */
static void test_giant(size_t giant)
{
    char *start = mapped(GIANT, KILN_VM_WRITE, KILN_VM_POPULATE);
    TAP_EQUAL(query(start + GIANT / 2).block_bytes, giant);
    TAP_EQUAL(count_zero_blocks(start), GIANT / BLOCK);
    for (size_t at = 0; at < GIANT; at += BLOCK)
        start[at] = (char)(at / BLOCK);
    TAP_EQUAL(kiln_vm_protect(start, GIANT, KILN_VM_READ), 0);
    TAP_EQUAL(query(start).block_bytes, giant);
    TAP_EQUAL(kiln_vm_protect(start, GIANT, KILN_VM_WRITE), 0);
    char *place = reserve(GIANT);
    TAP_EQUAL(kiln_vm_move(start, place, GIANT), 0);
    TAP_EQUAL(query(place).block_bytes, giant);
    TAP_EQUAL(kiln_vm_protect(place + 4 * BLOCK, 2 * BLOCK, KILN_VM_READ), 0);
    TAP_EQUAL(query(place).block_bytes, BLOCK);
    TAP_EQUAL(kiln_vm_unmap(place + 7 * BLOCK, PAGE), 0);
    TAP_EQUAL(query(place + 8 * BLOCK - 1).block_bytes, PAGE);
    TAP_EQUAL(query(place + 8 * BLOCK).block_bytes, BLOCK);
    TAP_EQUAL(count_wrong(place, GIANT, 7 * BLOCK), 0);
    TAP_EQUAL(kiln_vm_release(start, GIANT), 0);
    TAP_EQUAL(kiln_vm_release(place, GIANT), 0);
}

/* What a range holds at other addresses, by pages and by blocks; what has no access too. */
static void test_move(unsigned flags)
{
    char *start = mapped(2 * BLOCK, KILN_VM_WRITE, flags), *place = reserve(5 * BLOCK);
    fill(start, 2 * BLOCK, 5);
    TAP_EQUAL(kiln_vm_move(start, start + PAGE, PAGE), -EEXIST);
    TAP_EQUAL(kiln_vm_move(start, start + PAGE, 2 * PAGE), -EINVAL);
    TAP_EQUAL(kiln_vm_move(place, start, PAGE), -EFAULT);
    TAP_NEED(kiln_vm_move(start, place, 2 * BLOCK) == 0);
    TAP_EQUAL(query(place).block_bytes, flags ? BLOCK : PAGE);
    TAP_CHECK(!query(start).is_mapped && query(start).is_reserved);
    tap_check(is_filled(place, 2 * BLOCK, 5), "what was moved is there");
    TAP_NEED(kiln_vm_move(place, place + 2 * BLOCK + PAGE, 2 * BLOCK) == 0);
    tap_check(is_filled(place + 2 * BLOCK + PAGE, 2 * BLOCK, 5), "by pages too");
    TAP_EQUAL(kiln_vm_protect(place + 2 * BLOCK + PAGE, 2 * BLOCK, KILN_VM_NO_ACCESS), 0);
    TAP_NEED(kiln_vm_move(place + 2 * BLOCK + PAGE, start, 2 * BLOCK) == 0);
    TAP_NEED(kiln_vm_protect(start, 2 * BLOCK, KILN_VM_READ) == 0);
    tap_check(is_filled(start, 2 * BLOCK, 5), "and without access");
    TAP_EQUAL(kiln_vm_release(start, 2 * BLOCK), 0);
    TAP_EQUAL(kiln_vm_release(place, 5 * BLOCK), 0);
    TAP_EQUAL(kiln_vm_reserve_at(place, PAGE), 0);
    TAP_EQUAL(kiln_vm_reserve_at(place, PAGE), -EEXIST);
    TAP_EQUAL(kiln_vm_reserve_at(place + PAGE, PAGE), 0);
    TAP_EQUAL(query(place).bytes, 2 * PAGE);
    TAP_EQUAL(kiln_vm_reserve_at((void *)PAGE, PAGE), -EINVAL);
    TAP_EQUAL(kiln_vm_release(place, 2 * PAGE), 0);
}

static void test_snapshot(unsigned flags)
{
    static struct kiln_vm_version first, second;
    char *start = mapped(PAGES * PAGE, KILN_VM_WRITE, flags);
    fill(start, PAGES / 2 * PAGE, 10);
    TAP_NEED(kiln_vm_snapshot(&first, start, PAGES * PAGE) == 0);
    TAP_EQUAL(kiln_vm_protect(start, PAGE, KILN_VM_READ), -EBUSY);
    TAP_EQUAL(kiln_vm_release(start, PAGES * PAGE), -EBUSY);
    fill(start, PAGES * PAGE, 20);
    TAP_EQUAL(kiln_vm_snapshot(&second, start, PAGE), -EBUSY);
    TAP_NEED(kiln_vm_snapshot(&second, start, PAGES * PAGE) == 0);
    fill(start, PAGES * PAGE, 30);
    TAP_EQUAL(kiln_vm_rollback(&second), 0);
    tap_check(is_filled(start, PAGES * PAGE, 20), "a rollback to the newer snapshot");
    fill(start, 3 * PAGE, 40);
    TAP_EQUAL(kiln_vm_rollback(&first), 0);
    tap_check(is_filled(start, PAGES / 2 * PAGE, 10) && start[PAGES / 2 * PAGE] == 0,
              "a rollback to the older one");
    TAP_EQUAL(kiln_vm_rollback(&second), -EINVAL);
    fill(start, PAGES * PAGE, 50);
    TAP_NEED(kiln_vm_snapshot(&second, start, PAGES * PAGE) == 0);
    fill(start, 5 * PAGE, 60);
    TAP_EQUAL(kiln_vm_snapshot_end(&second), 0);
    TAP_CHECK(is_filled(start, 5 * PAGE, 60));
    TAP_EQUAL(kiln_vm_rollback(&first), 0);
    tap_check(is_filled(start, PAGES / 2 * PAGE, 10) && start[PAGES / 2 * PAGE] == 0,
              "a rollback when a newer one has ended");
    TAP_EQUAL(kiln_vm_snapshot_end(&first), 0);
    fill(start, PAGES * PAGE, 70);
    TAP_CHECK(is_filled(start, PAGES * PAGE, 70));
    TAP_EQUAL(kiln_vm_release(start, PAGES * PAGE), 0);
}

/* How much memory there is, in ranges of a MiB and then pages of one more. */
static size_t count_pages(void)
{
    enum { UNIT = 256, MOST = 64 };
    static char *ranges[MOST];
    size_t count = 0, last = 0, errors = 0;
    for (size_t i = 0; i < MOST; i++)
        errors += kiln_vm_reserve(UNIT * PAGE, 0, (void **)&ranges[i]) != 0;
    while (count < MOST &&
           kiln_vm_map(ranges[count], UNIT * PAGE, KILN_VM_WRITE, KILN_VM_POPULATE) == 0)
        count++;
    TAP_CHECK(count < MOST);
    while (count < MOST &&
           kiln_vm_map(ranges[count] + last * PAGE, PAGE, KILN_VM_WRITE, KILN_VM_POPULATE) == 0)
        last++;
    for (size_t i = 0; i < MOST; i++)
        errors += kiln_vm_release(ranges[i], UNIT * PAGE) != 0;
    TAP_EQUAL(errors, 0);
    printf("# %zu pages\n", count * UNIT + last);
    return count * UNIT + last;
}

static void read_without_access(const char *start)
{
    TAP_EQUAL(*start, 0);
    TAP_EQUAL(kiln_vm_protect((void *)(uintptr_t)start, PAGE, KILN_VM_NO_ACCESS), 0);
    TAP_EQUAL(*(const volatile char *)start, 0);
}

static void crash(const char *how, char *volatile start)
{
    TAP_EQUAL(kiln_vm_map(start, 2 * PAGE, KILN_VM_READ, 0), 0);
    printf("# range at 0x%zx\n", (size_t)start);
    if (strcmp(how, "below") == 0)
        start[-1] = 1;
    else if (strcmp(how, "above") == 0)
        start[PAGES * PAGE] = 1;
    else if (strcmp(how, "reserved") == 0)
        start[3 * PAGE] = 1;
    else if (strcmp(how, "read-only") == 0)
        start[PAGE] = 1;
    else if (strcmp(how, "no-access") == 0)
        read_without_access(start);
    else if (strcmp(how, "execute") == 0)
        (*(void (*)(void))(uintptr_t)start)();
    kiln_vm_release(start, PAGES * PAGE);
    if (strcmp(how, "released") == 0)
        start[0] = 1;
    start = mapped((size_t)1 << 30, KILN_VM_WRITE, 0);
    for (size_t at = 0;; at += PAGE)
        start[at] = 1;
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        test_giant(strtoul(argv[2], NULL, 0));
        return tap_done();
    }
    if (argc == 2)
        crash(argv[1], reserve(PAGES * PAGE));
    size_t before = count_free_pages(), at_once = count_pages();
    test_reserve();
    test_errors();
    test_on_demand();
    test_registers();
    test_protect(0);
    test_protect(KILN_VM_POPULATE);
    test_blocks();
    test_move(0);
    test_move(KILN_VM_POPULATE);
    test_snapshot(0);
    test_snapshot(KILN_VM_POPULATE);
    TAP_EQUAL(count_pages(), at_once);
    TAP_BALANCES(count_free_pages(), before);
    return tap_done();
}
