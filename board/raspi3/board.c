/* Raspberry Pi 3B, 3B+, 3A+, Zero 2 W: BCM2837. BCM2836 ARM-local peripherals (QA7), BCM2835 ARM
 * Peripherals. */
#include <board.h>
#include <drivers/pi_board.h>
#include <drivers/rng.h>

/* The peripherals, and the ARM-local block right behind them. */
static const struct board_range devices[] = {{0x3F000000, 0x1000000}, {0x40000000, 0x200000}};

const struct board_facts board_facts = {
    .name = "raspi3",
    .devices = devices,
    .device_count = sizeof(devices) / sizeof(devices[0]),
    .boot_window = {0, 4096}, /* ATAGS, spin table */
    .alarm_irq = 3,
    .dma_limit = 0x40000000, /* the VideoCore and what stands behind it: 1 GiB */
};

const struct kiln_dma_device board_dma = KILN_DMA_VIDEOCORE;

/* The firmware offers nothing deeper. Times are estimates. */
const struct kiln_idle_state board_idle_states[] = {
    {"spin", 0, 0, KILN_IDLE_SPIN},
    {"wfi", 1000, 2000, KILN_IDLE_WAIT},
};
const unsigned board_idle_state_count = sizeof(board_idle_states) / sizeof(board_idle_states[0]);

uint64_t board_entropy(void)
{
    uint64_t seed = pi_tree_seed();

    return seed ? seed : rng_read(KILN_BCM2835_BASE);
}
