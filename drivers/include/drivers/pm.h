/* The power management block of the BCM2835 family: restart and power-off. `base` is the block's.
 */
#ifndef DRIVERS_PM_H
#define DRIVERS_PM_H

#include <stdint.h>

/* What the boot ROM starts: partition 0's image, or nothing. */
#define PM_START 0x000u
#define PM_HALT  0x555u

/* Restarts the board within a moment; returns before that. Any context. */
void pm_restart(uintptr_t base, uint32_t partition);

#endif
