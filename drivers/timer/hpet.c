/* The main counter of the HPET: IA-PC HPET Specification 1.0a, 2.3. */
#include <drivers/reference_clock.h>

#include <arch/mmio.h>
#include <core/map.h>
#include <drivers/acpi.h>

#define BYTES         1024u
#define PERIOD        0x004u /* femtoseconds, at most 100 ns */
#define CONFIGURATION 0x010u
#define COUNTER       0x0F0u

#define ENABLE        1u
#define LONGEST       100000000u
#define FEMTOSECONDS  UINT64_C(1000000000000000)
#define SHORTEST      250000u /* 4 GHz: more does not fit in 32 bits */

static uintptr_t base;

/* A counter that stands still is started: nobody else uses it then. */
bool hpet_start(struct board_reference *reference)
{
    base = (uintptr_t)acpi_hpet_base();
    if (!base || core_map_device(base, BYTES, ARCH_MAP_DEVICE))
        return false;
    uint32_t period = mmio_read32(base + PERIOD);
    uint32_t configuration = mmio_read32(base + CONFIGURATION);

    if (period < SHORTEST || period > LONGEST)
        return false;
    if (!(configuration & ENABLE))
        mmio_write32(base + CONFIGURATION, configuration | ENABLE);
    reference->hz = (uint32_t)(FEMTOSECONDS / period);
    reference->mask = 0xFFFFFFFFu;
    return true;
}

uint32_t hpet_read(void)
{
    return mmio_read32(base + COUNTER);
}
