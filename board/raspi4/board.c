/* Raspberry Pi 4B, 400, Compute Module 4: BCM2711. BCM2711 ARM Peripherals, low peripheral mode. */
#include <board.h>
#include <drivers/pi_board.h>

/* The peripherals, with the GIC-400 at 0xFF840000. */
static const struct board_range devices[] = {{0xFE000000, 0x2000000}};

const struct board_facts board_facts = {
    .name = "raspi4",
    .devices = devices,
    .device_count = sizeof(devices) / sizeof(devices[0]),
    .boot_window = {0, 4096}, /* ATAGS, spin table */
    .alarm_irq = 27,
    .dma_limit = 0x40000000, /* the VideoCore and what stands behind it: 1 GiB */
};

const struct kiln_dma_device board_dma = KILN_DMA_VIDEOCORE;

/* The firmware offers nothing deeper. Times are estimates. */
const struct kiln_idle_state board_idle_states[] = {
    {"spin", 0, 0, KILN_IDLE_SPIN},
    {"wfi", 1000, 2000, KILN_IDLE_WAIT},
};
const unsigned board_idle_state_count = sizeof(board_idle_states) / sizeof(board_idle_states[0]);

/* QEMU's machine lacks the generator: reading it is an external abort. */
uint64_t board_entropy(void)
{
    return pi_tree_seed();
}
