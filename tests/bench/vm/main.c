/*
 * Prints the instructions of a demand-zero fault, of a snapshot of 1 MiB and of its rollback, for
 * each page that was written: with QEMU's -icount, one takes one nanosecond.
 */
#include <inttypes.h>
#include <kiln.h>
#include <stdio.h>

#define PAGES ((size_t)256)
#define BYTES (PAGES * KILN_VM_PAGE)
#define DIRTY ((size_t)64)

static uint64_t started;

static void start(void)
{
    started = kiln_time_counter();
}

static void print(const char *what, uint64_t times)
{
    uint64_t ns = (kiln_time_counter() - started) * 1000000000u / kiln_time_counter_hz();

    printf("%s %" PRIu64 "\n", what, (ns + times / 2) / times);
}

static void touch(volatile char *range, size_t pages)
{
    for (size_t page = 0; page < pages; page++)
        range[page * KILN_VM_PAGE] = 1;
}

int main(void)
{
    static struct kiln_vm_version snapshot;
    void *range;

    if (kiln_vm_reserve(BYTES, 0, &range) || kiln_vm_map(range, BYTES, KILN_VM_WRITE, 0))
        return 1;
    start();
    touch(range, PAGES);
    print("demand-fault-instructions", PAGES);
    start();
    if (kiln_vm_snapshot(&snapshot, range, BYTES))
        return 1;
    print("snapshot-instructions", 1);
    start();
    touch(range, DIRTY);
    print("copy-fault-instructions", DIRTY);
    start();
    if (kiln_vm_rollback(&snapshot))
        return 1;
    print("rollback-instructions", DIRTY);
    return 0;
}
