/* The random number generator of BCM2835 to BCM2837. Linux drivers/char/hw_random/bcm2835-rng.c. */
#ifndef DRIVERS_RNG_H
#define DRIVERS_RNG_H

#include <stdint.h>

/*
 * 64 random bits, or 0 when the generator has not warmed up within 10 ms. Starts it when it is
 * off. `base` is the peripherals'. Any context. About 25 instructions once it is warm.
 */
uint64_t rng_read(uintptr_t base);

#endif
