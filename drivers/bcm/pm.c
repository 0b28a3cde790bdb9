/*
 * The block has no public manual; registers as in Linux drivers/watchdog/bcm2835_wdt.c. The boot
 * ROM reads in RSTS the number of the partition to start; 63 means to halt.
 */
#include <drivers/pm.h>

#include <arch/mmio.h>

#define RSTC            0x1C
#define RSTS            0x20
#define WDOG            0x24

#define PASSWORD        0x5A000000u
#define RSTC_ACTION     0x30u
#define RSTC_FULL_RESET 0x20u
#define RSTS_PARTITION  PM_HALT /* every second bit of the lowest twelve */
#define WDOG_TICKS      10u     /* of 16 us */

void pm_restart(uintptr_t base, uint32_t partition)
{
    uint32_t control = mmio_read32(base + RSTC) & ~RSTC_ACTION;
    uint32_t status = mmio_read32(base + RSTS) & ~RSTS_PARTITION;

    mmio_write32(base + RSTS, status | PASSWORD | partition);
    mmio_write32(base + WDOG, PASSWORD | WDOG_TICKS);
    mmio_write32(base + RSTC, control | PASSWORD | RSTC_FULL_RESET);
}
