/*
 * Waiting for a device, bounded: hardware that never answers must not hang a boot or a panic.
 */
#ifndef DRIVERS_WAIT_H
#define DRIVERS_WAIT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Waits until (register & mask) == value, for at most 1/fraction of a second. False when the time
 * is over. Any context. About 10 instructions when the register is ready at once.
 */
bool wait_for_bits(uintptr_t address, uint32_t mask, uint32_t value, uint32_t fraction);

#endif
