#include <drivers/gpio.h>

#include <arch/mmio.h>

#define FUNCTION_SELECT   0x00
#define PULL              0x94
#define PULL_CLOCK        0x98
#define PULL_BCM2711      0xE4
#define PINS_PER_FUNCTION 10
#define PINS_PER_PULL     16

#define PULL_OFF          0
#define PULL_UP           2
#define PULL_UP_BCM2711   1u

/* PULL and PULL_CLOCK want 150 core clock cycles; a read of the block takes more than ten. */
#define SETTLE_READS 16

static uintptr_t function_register(uintptr_t base, unsigned pin)
{
    return base + FUNCTION_SELECT + pin / PINS_PER_FUNCTION * 4;
}

static unsigned function_shift(unsigned pin)
{
    return pin % PINS_PER_FUNCTION * 3;
}

enum gpio_function gpio_function(uintptr_t base, unsigned pin)
{
    return mmio_read32(function_register(base, pin)) >> function_shift(pin) & 7;
}

void gpio_function_set(uintptr_t base, unsigned pin, enum gpio_function function)
{
    uint32_t value = mmio_read32(function_register(base, pin));

    value &= ~(7u << function_shift(pin));
    mmio_write32(function_register(base, pin), value | (uint32_t)function << function_shift(pin));
}

static void settle(uintptr_t base)
{
    for (unsigned reads = SETTLE_READS; reads; reads--)
        mmio_read32(base + FUNCTION_SELECT);
}

void gpio_pull_up_bcm2835(uintptr_t base, unsigned pin)
{
    uintptr_t clock = base + PULL_CLOCK + pin / 32 * 4;

    mmio_write32(base + PULL, PULL_UP);
    settle(base);
    mmio_write32(clock, 1u << pin % 32);
    settle(base);
    mmio_write32(base + PULL, PULL_OFF);
    mmio_write32(clock, 0);
}

void gpio_pull_up_bcm2711(uintptr_t base, unsigned pin)
{
    uintptr_t address = base + PULL_BCM2711 + pin / PINS_PER_PULL * 4;
    unsigned shift = pin % PINS_PER_PULL * 2;
    uint32_t value = mmio_read32(address) & ~(3u << shift);

    mmio_write32(address, value | PULL_UP_BCM2711 << shift);
}
