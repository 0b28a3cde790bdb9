/* What is said of faults in ranges that nothing mends. */
#include "vm_machine.h"

static char said[100];

static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(said, sizeof(said), format, arguments);
    va_end(arguments);
}

static const char *explained(const struct arch_frame *frame)
{
    said[0] = 0;
    TAP_CHECK(!mm_fault_hook(frame, say));
    return said;
}

/* What is not mended, and what is said of it. */
static void test_words(void)
{
    void *range;
    machine_begin(39, 4096);
    TAP_EQUAL(kiln_vm_reserve(4 * PAGE, 0, &range), 0);
    TAP_EQUAL(kiln_vm_map(range, 2 * PAGE, KILN_VM_READ, 0), 0);
    struct arch_frame frame = {.is_access = true, .address = (uintptr_t)range - 1};
    TAP_CHECK(strcmp(explained(&frame), "guard page of a mapping: ") == 0);
    frame.address = (uintptr_t)range + 4 * PAGE;
    TAP_CHECK(strcmp(explained(&frame), "guard page of a mapping: ") == 0);
    frame.address = (uintptr_t)range + 6 * PAGE;
    TAP_CHECK(strcmp(explained(&frame), "not reserved: ") == 0);
    frame.address = (uintptr_t)range + 2 * PAGE;
    TAP_CHECK(strcmp(explained(&frame), "reserved, but not mapped: ") == 0);
    frame.address = (uintptr_t)range;
    TAP_CHECK(strcmp(explained(&frame), "out of memory on demand: ") == 0);
    frame.is_handlers = true;
    TAP_CHECK(strcmp(explained(&frame), "memory on demand in a handler: ") == 0);
    TAP_CHECK(!mm_fault_hook(&frame, NULL));
    frame.access = ARCH_ACCESS_WRITE;
    TAP_CHECK(strcmp(explained(&frame), "not allowed in this mapping: ") == 0);
    frame.address = 4096;
    TAP_CHECK(strcmp(explained(&frame), "") == 0);
    TAP_CHECK(!mm_fault_hook(&(struct arch_frame){.address = (uintptr_t)range}, NULL));
    TAP_EQUAL(kiln_vm_release(range, 4 * PAGE), 0);
}

int main(void)
{
    test_words();
    return tap_done();
}
