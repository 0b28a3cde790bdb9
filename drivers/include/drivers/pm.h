/* The power management block of the BCM2835 family: restart and power-off. `base` is the
 * peripherals'. */
#ifndef DRIVERS_PM_H
#define DRIVERS_PM_H

#include <stdint.h>

/* Restarts the board within a moment; returns before that. Any context. */
void pm_reset(uintptr_t base);

/* The same, after which the firmware stops instead of starting the image again. Any context. */
void pm_power_off(uintptr_t base);

#endif
