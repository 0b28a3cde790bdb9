/*
 * The PC's clocks of a known rate, over models of them: which one is taken, what is done to it, and
 * what it reads. Each machine has a process of its own, since the choice is made once.
 */
#include <sys/wait.h>
#include <unistd.h>
#include <core/map.h>
#include <drivers/acpi.h>
#include <drivers/reference_clock.h>
#include <errno.h>
#include <isa/host.h>
#include <x86_64/port.h>
#include "test.h"

#define HPET_BASE 0xFED00000u
#define PM_PORT   0x608

static struct {
    uint64_t hpet; /* where it is; 0: none */
    uint32_t hpet_period, hpet_configuration;
    int map_error;
    bool has_pm, is_pm_in_memory;
    uint8_t pm_bits;
    uint32_t time; /* that any of them has counted */
    unsigned acpi_calls, errors;
} machine;

/* Channel 2 of the 8254, and the gates of port 0x61. */
static struct {
    uint8_t control, gates;
    unsigned written, read;
    bool is_latched;
    uint16_t latched;
} pit = {.gates = 0x32 | 2};

uint64_t acpi_hpet_base(void)
{
    machine.acpi_calls++;
    return machine.hpet;
}

bool acpi_find_pm_timer(struct acpi_pm_timer *timer)
{
    machine.acpi_calls++;
    *timer = (struct acpi_pm_timer){PM_PORT, !machine.is_pm_in_memory, machine.pm_bits};
    return machine.has_pm;
}

int core_map_device(uintptr_t physical, size_t bytes, enum arch_mapping kind)
{
    machine.errors += physical != machine.hpet || bytes < 0xF4 || kind != ARCH_MAP_DEVICE;
    return machine.map_error;
}

uint32_t fake_read32(uintptr_t address)
{
    switch (address - machine.hpet) {
    case 0x004:
        return machine.hpet_period;
    case 0x010:
        return machine.hpet_configuration;
    case 0x0F0:
        return machine.hpet_configuration & 1 ? machine.time : 0;
    }
    machine.errors++;
    return 0;
}

void fake_write32(uintptr_t address, uint32_t value)
{
    machine.errors += address != machine.hpet + 0x010;
    machine.hpet_configuration = value;
}

static uint32_t pit_count(void)
{
    bool counts = pit.control == 0xB4 && pit.written == 2 && pit.gates & 1;

    return counts ? 0u - machine.time : 0x1234;
}

uint32_t fake_port_read(uint16_t port, unsigned bits)
{
    if (port == PM_PORT && bits == 32)
        return machine.pm_bits == 32 ? machine.time : machine.time & 0xFFFFFF;
    if (port == 0x61 && bits == 8)
        return pit.gates;
    machine.errors += port != 0x42 || bits != 8 || !pit.is_latched;
    pit.is_latched = pit.read % 2 == 0;
    return pit.read++ % 2 ? pit.latched >> 8 : pit.latched & 0xFF;
}

void fake_port_write(uint16_t port, unsigned bits, uint32_t value)
{
    machine.errors += bits != 8;
    if (port == 0x61) {
        pit.gates = (uint8_t)value;
    } else if (port == 0x43 && value == 0x80) {
        pit.latched = (uint16_t)pit_count();
        pit.is_latched = true;
    } else if (port == 0x43) {
        pit.control = (uint8_t)value;
        pit.written = 0;
    } else {
        machine.errors += port != 0x42 || value != 0;
        pit.written++;
    }
}

/* The clock has that rate and width, and counts what the machine counts. */
static bool is_clock(uint32_t hz, uint32_t mask)
{
    struct board_reference reference = {0, 0};
    bool right = true;
    uint32_t before = pc_reference_clock(&reference);

    right = reference.hz == hz && reference.mask == mask;
    for (unsigned n = 0; n < 1000; n++) {
        uint32_t step = (uint32_t)test_random() & mask;

        machine.time += step;
        uint32_t now = pc_reference_clock(&reference);
        right &= now <= mask && ((now - before) & mask) == step;
        before = now;
    }
    return right && machine.errors == 0 && machine.acpi_calls <= 2;
}

static bool qemu_hpet(void)
{
    machine.hpet_period = 10000000;
    return is_clock(100000000, 0xFFFFFFFF) && machine.hpet_configuration == 1;
}

static bool intel_hpet(void)
{
    machine.hpet_period = 69841279;
    machine.hpet_configuration = 3;
    return is_clock(14318179, 0xFFFFFFFF) && machine.hpet_configuration == 3;
}

static bool impossible_hpet(void)
{
    machine.hpet_period = 100000001;
    return is_clock(3579545, 0xFFFFFF);
}

static bool empty_hpet(void)
{
    machine.hpet_period = 0;
    return is_clock(3579545, 0xFFFFFF);
}

static bool unmapped_hpet(void)
{
    machine.hpet_period = 10000000;
    machine.map_error = -EEXIST;
    return is_clock(3579545, 0xFFFFFF);
}

static bool acpi_timer(void)
{
    machine.hpet = 0;
    return is_clock(3579545, 0xFFFFFF);
}

static bool acpi_timer_of_32_bits(void)
{
    machine.hpet = 0;
    machine.pm_bits = 32;
    return is_clock(3579545, 0xFFFFFFFF);
}

static bool acpi_timer_in_memory(void)
{
    machine.hpet = 0;
    machine.is_pm_in_memory = true;
    return is_clock(1193182, 0xFFFF);
}

/* The loudspeaker stays quiet, and what else the port has is as it was. */
static bool programmable_timer(void)
{
    machine.hpet = 0;
    machine.has_pm = false;
    return is_clock(1193182, 0xFFFF) && pit.gates == (0x30 | 1);
}

static bool child_holds(bool (*holds)(void))
{
    int status;

    fflush(stdout);
    test_random();
    if (fork() == 0) {
        machine.hpet = HPET_BASE;
        machine.has_pm = true;
        machine.pm_bits = 24;
        _exit(!holds());
    }
    return wait(&status) > 0 && status == 0;
}

#define CHECK_CASE(name) tap_check(child_holds(name), #name)

int main(int argc, char **argv)
{
    test_begin(argc, argv, 11);
    CHECK_CASE(qemu_hpet);
    CHECK_CASE(intel_hpet);
    CHECK_CASE(impossible_hpet);
    CHECK_CASE(empty_hpet);
    CHECK_CASE(unmapped_hpet);
    CHECK_CASE(acpi_timer);
    CHECK_CASE(acpi_timer_of_32_bits);
    CHECK_CASE(acpi_timer_in_memory);
    CHECK_CASE(programmable_timer);
    return tap_done();
}
