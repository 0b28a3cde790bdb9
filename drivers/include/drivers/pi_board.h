/*
 * What all Raspberry Pis up to the 4 have in common, behind the board contract: four CPUs, console,
 * memory and clocks from the VideoCore's mailbox, spin table, restart. A board's board.json
 * supplies the facts: KILN_BCM2835_BASE, the address of the peripherals; KILN_BCM2835_IRQ, the
 * number of the VideoCore's interrupt 0; KILN_PI_MEMORY_END, above which nothing is memory.
 */
#ifndef DRIVERS_PI_BOARD_H
#define DRIVERS_PI_BOARD_H

#include <stdint.h>

/* Seed for random numbers out of the firmware's device tree, or 0. After board_early_init. */
uint64_t pi_tree_seed(void);

#endif
