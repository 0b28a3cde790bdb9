/*
 * What all Raspberry Pis up to the 4 have in common, behind the board contract: console, memory
 * and clocks from the VideoCore's mailbox, spin table, restart. A board folder supplies the facts:
 * pi_facts below, and in board.json the address of the peripherals, KILN_BCM2835_BASE.
 */
#ifndef DRIVERS_PI_BOARD_H
#define DRIVERS_PI_BOARD_H

#include <stdbool.h>
#include <stdint.h>

struct pi_facts {
    uint32_t pl011_irq;
    uint32_t miniuart_irq;
    unsigned cpu_count;
    uintptr_t memory_end; /* nothing above is memory */
    void (*gpio_pull_up)(uintptr_t base, unsigned pin);
};
extern const struct pi_facts pi_facts;

/* Seed for random numbers out of the firmware's device tree, or 0. After board_early_init. */
uint64_t pi_tree_seed(void);

#endif
