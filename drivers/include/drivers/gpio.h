/*
 * Function select and pull-up of the pins of a BCM2835 to BCM2711. `base` is the GPIO block's.
 * BCM2835 ARM Peripherals §6.1, BCM2711 ARM Peripherals §5.2.
 */
#ifndef DRIVERS_GPIO_H
#define DRIVERS_GPIO_H

#include <arch/mmio.h>
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

#define GPIO_PINS_PER_SELECT 10
#define GPIO_BITS_PER_SELECT 3

/* What a pin does now. Any context. */
static inline enum gpio_function gpio_function(uintptr_t base, unsigned pin)
{
    uint32_t value = mmio_read32(base + pin / GPIO_PINS_PER_SELECT * 4);

    return value >> pin % GPIO_PINS_PER_SELECT * GPIO_BITS_PER_SELECT & 7;
}

/* Gives a pin another function. Not at the same time as another change to the ten pins around it.
 */
static inline void gpio_function_set(uintptr_t base, unsigned pin, enum gpio_function function)
{
    uintptr_t address = base + pin / GPIO_PINS_PER_SELECT * 4;
    unsigned shift = pin % GPIO_PINS_PER_SELECT * GPIO_BITS_PER_SELECT;
    uint32_t others = mmio_read32(address) & ~(7u << shift);

    mmio_write32(address, others | (uint32_t)function << shift);
}

/*
 * Makes a pin read as high when nothing drives it. BCM2835 to BCM2837 and BCM2711 differ: a board
 * names gpio_bcm2835.c or gpio_bcm2711.c among its drivers.
 */
void gpio_pull_up(uintptr_t base, unsigned pin);

#endif
