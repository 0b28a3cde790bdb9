#include <drivers/gpio.h>

#define PULL          0xE4
#define PINS_PER_PULL 16
#define PULL_UP       1u

void gpio_pull_up(uintptr_t base, unsigned pin)
{
    uintptr_t address = base + PULL + pin / PINS_PER_PULL * 4;
    unsigned shift = pin % PINS_PER_PULL * 2;
    uint32_t value = mmio_read32(address) & ~(3u << shift);

    mmio_write32(address, value | PULL_UP << shift);
}
