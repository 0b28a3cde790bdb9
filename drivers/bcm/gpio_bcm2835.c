#include <drivers/gpio.h>

#define PULL       0x94
#define PULL_CLOCK 0x98

#define PULL_OFF   0
#define PULL_UP    2

/* PULL and PULL_CLOCK want 150 core clock cycles; a read of the block takes more than ten. */
#define SETTLE_READS 16

static void settle(uintptr_t base)
{
    for (unsigned reads = SETTLE_READS; reads; reads--)
        mmio_read32(base);
}

void gpio_pull_up(uintptr_t base, unsigned pin)
{
    uintptr_t clock = base + PULL_CLOCK + pin / 32 * 4;

    mmio_write32(base + PULL, PULL_UP);
    settle(base);
    mmio_write32(clock, 1u << pin % 32);
    settle(base);
    mmio_write32(base + PULL, PULL_OFF);
    mmio_write32(clock, 0);
}
