/*
 * The block has no public manual; registers as in Linux drivers/watchdog/bcm2835_wdt.c. The boot
 * ROM reads in RSTS the number of the partition to start; 63 means to halt.
 */
#include <drivers/pm.h>

#include <arch/mmio.h>

#define PM_RSTC             0x10001C
#define PM_RSTS             0x100020
#define PM_WDOG             0x100024

#define PASSWORD            0x5A000000u
#define RSTC_ACTION         0x30u
#define RSTC_FULL_RESET     0x20u
#define RSTS_PARTITION      0x555u
#define RSTS_PARTITION_HALT 0x555u
#define WDOG_TICKS          10u /* of 16 us */

static void restart(uintptr_t base, uint32_t partition)
{
    uint32_t control = (mmio_read32(base + PM_RSTC) & ~RSTC_ACTION) | PASSWORD | RSTC_FULL_RESET;
    uint32_t status = mmio_read32(base + PM_RSTS) & ~(RSTS_PARTITION | PASSWORD);

    mmio_write32(base + PM_RSTS, status | PASSWORD | partition);
    mmio_write32(base + PM_WDOG, PASSWORD | WDOG_TICKS);
    mmio_write32(base + PM_RSTC, control);
}

void pm_reset(uintptr_t base)
{
    restart(base, 0);
}

void pm_power_off(uintptr_t base)
{
    restart(base, RSTS_PARTITION_HALT);
}
