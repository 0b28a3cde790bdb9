#include <drivers/reference_clock.h>

#include <stddef.h>

static uint32_t (*read)(void);
static struct board_reference chosen;

static void choose(void)
{
    if (hpet_start(&chosen)) {
        read = hpet_read;
    } else if (acpi_pm_start(&chosen)) {
        read = acpi_pm_read;
    } else {
        pit_start(&chosen);
        read = pit_read;
    }
}

uint32_t pc_reference_clock(struct board_reference *reference)
{
    if (read == NULL)
        choose();
    *reference = chosen;
    return read() & chosen.mask;
}
