#include <drivers/rng.h>

#include <arch/counter.h>
#include <arch/mmio.h>

#define RNG_CONTROL    0x104000
#define RNG_STATUS     0x104004
#define RNG_DATA       0x104008

#define CONTROL_ENABLE 1u
#define STATUS_WARM_UP 0x40000u /* words that are thrown away first */
#define STATUS_WORDS   0xFF000000u

static uint32_t read_word(uintptr_t base)
{
    uint64_t start = arch_counter();

    while (!(mmio_read32(base + RNG_STATUS) & STATUS_WORDS))
        if (arch_counter() - start > arch_counter_hz() / 100)
            return 0;
    return mmio_read32(base + RNG_DATA);
}

uint64_t rng_read(uintptr_t base)
{
    uint64_t high;

    if (!(mmio_read32(base + RNG_CONTROL) & CONTROL_ENABLE)) {
        mmio_write32(base + RNG_STATUS, STATUS_WARM_UP);
        mmio_write32(base + RNG_CONTROL, CONTROL_ENABLE);
    }
    high = read_word(base);
    return high << 32 | read_word(base);
}
