/*
 * The PC's clocks of a known rate, against which the CPU's counter is measured: HPET, ACPI's timer,
 * and the 8254 that every PC has had. Nothing is looked for before the first reading. Any context,
 * one caller at a time.
 */
#ifndef DRIVERS_REFERENCE_CLOCK_H
#define DRIVERS_REFERENCE_CLOCK_H

#include <arch/upcall.h>
#include <stdbool.h>
#include <stdint.h>

/* What board_reference_clock() is to answer: the best clock of the machine. About 1 us. */
uint32_t pc_reference_clock(struct board_reference *reference);

/* Each clock: whether the machine has it, and then what it is; what it reads, afterwards. The 8254
 * cannot be asked whether it is there: it is then found standing still. */
bool hpet_start(struct board_reference *reference);
uint32_t hpet_read(void);
bool acpi_pm_start(struct board_reference *reference);
uint32_t acpi_pm_read(void);
void pit_start(struct board_reference *reference);
uint32_t pit_read(void);

#endif
