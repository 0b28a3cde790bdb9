/*
 * Function select and pull-up of the pins of a BCM2835 to BCM2711. `base` is the GPIO block's.
 * BCM2835 ARM Peripherals §6.1, BCM2711 ARM Peripherals §5.2.
 */
#ifndef DRIVERS_GPIO_H
#define DRIVERS_GPIO_H

#include <stdint.h>

enum gpio_function {
    GPIO_INPUT = 0,
    GPIO_OUTPUT = 1,
    GPIO_ALT5 = 2,
    GPIO_ALT4 = 3,
    GPIO_ALT0 = 4,
    GPIO_ALT1 = 5,
    GPIO_ALT2 = 6,
    GPIO_ALT3 = 7
};

/* What a pin does now. Any context. */
enum gpio_function gpio_function(uintptr_t base, unsigned pin);

/* Gives a pin another function. Not at the same time as another change to the ten pins around it.
 */
void gpio_function_set(uintptr_t base, unsigned pin, enum gpio_function function);

/* Makes a pin read as high when nothing drives it, on BCM2835-2837 and on BCM2711. */
void gpio_pull_up_bcm2835(uintptr_t base, unsigned pin);
void gpio_pull_up_bcm2711(uintptr_t base, unsigned pin);

#endif
