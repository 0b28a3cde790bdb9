/*
 * The board contract. A board is facts: a const description, and the few calls below. What is
 * missing is a link error.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <kiln/dma.h>
#include <kiln/idle.h>

/* A range of physical addresses, whole pages. */
struct board_range {
    uintptr_t base;
    size_t bytes;
};

/* Interrupt numbers and places that generic code needs to know. */
struct board_facts {
    const char *name;
    const struct board_range *devices; /* mapped as device memory; the first before early init */
    unsigned device_count;
    struct board_range
        boot_window;               /* RAM that board_early_init reads: mapped before RAM is known */
    uintptr_t default_device_tree; /* where to look when firmware passes nothing; 0: nowhere */
    uint32_t alarm_irq;            /* arch_alarm_set's interrupt */
    uintptr_t dma_limit; /* end of the RAM that every device reaches; 0: they all reach all */
};
extern const struct board_facts board_facts;

/* What kiln/dma.h takes for a device that is not described. Its limit is dma_limit. */
extern const struct kiln_dma_device board_dma;

/* Ways of being idle, by exit latency, at most 4; the last that waits is what a CPU does without a
 * governor. */
extern const struct kiln_idle_state board_idle_states[];
extern const unsigned board_idle_state_count;

/*
 * First call after the MMU is on: learn memory, boot arguments and CPU count, and hand them to
 * core's boot_* calls (core/boot_info.h); start the console. boot_argument is what the firmware
 * passed in the first register. Interrupts masked, no heap.
 */
void board_early_init(uintptr_t boot_argument);

/*
 * Size of what boot_argument leads to, such as a device tree, which is mapped before
 * board_early_init; 0 when that is nothing that the board knows. All memory can be read. Boot.
 */
size_t board_firmware_data_bytes(uintptr_t boot_argument);

/* Polled console output, no lock, no state that a crash could have broken. */
void board_write(const char *text, size_t bytes);

static inline void board_putc(char c)
{
    board_write(&c, 1);
}

/*
 * Console input. Only an image that reads calls these, so that others carry none of it.
 * start: `received` runs from now on, as an interrupt handler, while bytes wait. 0, or what
 *        kiln_irq_attach says. Thread context.
 * take: at most `room` bytes that have come; adds to *lost for each overrun. One caller at a time,
 *       any context.
 * hold: keeps the interrupt back (true) or lets it through again; bytes then stay in the UART,
 *       and with QEMU in its sender. Any context.
 */
int board_console_input_start(void (*received)(void *unused));
size_t board_console_input_take(uint8_t *bytes, size_t room, unsigned *lost);
void board_console_input_hold(bool hold);

/* Makes CPU `cpu` run from arch_cpu_entry_address(), where it waits for arch_cpu_release(). 0 or
 * -ENODEV. Boot, before page 0 is unmapped. */
int board_cpu_gather(unsigned cpu);

/* Stops the CPUs from `first` on for good, where firmware lets them run a loop. Boot, before page 0
 * is unmapped. */
void board_cpus_park(unsigned first);

/* A random number from the board's own source; 0 if it has none. */
uint64_t board_entropy(void);

/* Leave for good. They return only if the board cannot do it. */
void board_reset(void);
void board_power_off(void);

#endif
