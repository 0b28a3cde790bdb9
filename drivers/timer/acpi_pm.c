/* ACPI's power management timer: ACPI Specification 6.5, 4.8.3.3. */
#include <drivers/reference_clock.h>

#include <drivers/acpi.h>
#include <x86_64/port.h>

#define HZ 3579545u

static uint16_t port;

/* One that is in memory is passed over: no PC has it. */
bool acpi_pm_start(struct board_reference *reference)
{
    struct acpi_pm_timer timer;

    if (!acpi_find_pm_timer(&timer) || !timer.is_port)
        return false;
    port = (uint16_t)timer.address;
    reference->hz = HZ;
    reference->mask = timer.bits == 32 ? 0xFFFFFFFFu : 0xFFFFFFu;
    return true;
}

uint32_t acpi_pm_read(void)
{
    return port_read32(port);
}
