/* CPUID by a CPU that, asked for a leaf that it does not have, answers with its last one. */
#include <x86_64/cpuid.h>
#include "test.h"

#define BASIC_LAST    0x0Du
#define EXTENDED_LAST 0x80000008u

static bool hypervised;
static uint32_t hypervisor_last;

struct cpuid fake_cpuid(uint32_t leaf, uint32_t subleaf)
{
    bool has_hypervisors = hypervised && leaf >= 0x40000000 && leaf <= hypervisor_last;
    bool is_there =
        leaf <= BASIC_LAST || has_hypervisors || (leaf >= 0x80000000 && leaf <= EXTENDED_LAST);

    if (!is_there)
        return (struct cpuid){0x440, 0x340, 0x240, 0x140};
    if (leaf == 0)
        return (struct cpuid){BASIC_LAST, 1, 2, 3};
    if (leaf == 0x40000000)
        return (struct cpuid){hypervisor_last, 4, 5, 6};
    if (leaf == 0x80000000)
        return (struct cpuid){EXTENDED_LAST, 7, 8, 9};
    if (leaf == 1)
        return (struct cpuid){1, 1, hypervised ? 0x80000000 : 0x7FFFFFFF, 1};
    return (struct cpuid){leaf, subleaf, 10, 11};
}

static bool is_zero(struct cpuid is)
{
    return !is.eax && !is.ebx && !is.ecx && !is.edx;
}

static void test_ranges(void)
{
    TAP_EQUAL(cpuid_read(0, 0).eax, BASIC_LAST);
    TAP_EQUAL(cpuid_read(BASIC_LAST, 1).eax, BASIC_LAST);
    TAP_EQUAL(cpuid_read(BASIC_LAST, 1).ebx, 1);
    TAP_CHECK(is_zero(cpuid_read(BASIC_LAST + 1, 0)));
    TAP_CHECK(is_zero(cpuid_read(0x3FFFFFFF, 0)));
    TAP_EQUAL(cpuid_read(EXTENDED_LAST, 0).eax, EXTENDED_LAST);
    TAP_CHECK(is_zero(cpuid_read(EXTENDED_LAST + 1, 0)));
    TAP_CHECK(is_zero(cpuid_read(0xC0000000, 0)));
}

static void test_hypervisor(void)
{
    hypervised = true;
    hypervisor_last = 0x40000001;
    TAP_CHECK(cpuid_is_hypervised());
    TAP_EQUAL(cpuid_read(0x40000000, 0).ebx, 4);
    TAP_EQUAL(cpuid_read(0x40000001, 0).eax, 0x40000001);
    TAP_CHECK(is_zero(cpuid_read(0x40000002, 0)));
    hypervisor_last = 0;
    TAP_CHECK(is_zero(cpuid_read(0x40000000, 0)));
    hypervised = false;
    hypervisor_last = 0x40000010;
    TAP_CHECK(!cpuid_is_hypervised());
    TAP_CHECK(is_zero(cpuid_read(0x40000000, 0)));
}

int main(void)
{
    test_ranges();
    test_hypervisor();
    return tap_done();
}
