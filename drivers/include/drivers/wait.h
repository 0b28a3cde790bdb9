/*
 * Waiting for a device, bounded: hardware that never answers must not hang a boot or a panic.
 */
#ifndef DRIVERS_WAIT_H
#define DRIVERS_WAIT_H

#include <arch/mmio.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Waits until (register & mask) == value, for at most 1/fraction of a second. False when the time
 * is over. Any context. A register that is ready at once costs one read.
 */
static inline bool wait_for_bits(uintptr_t address, uint32_t mask, uint32_t value,
                                 uint32_t fraction);

/* The same for one that was not ready at once. */
bool wait_for_bits_longer(uintptr_t address, uint32_t mask, uint32_t value, uint32_t fraction);

static inline bool wait_for_bits(uintptr_t address, uint32_t mask, uint32_t value,
                                 uint32_t fraction)
{
    return (mmio_read32(address) & mask) == value ||
           wait_for_bits_longer(address, mask, value, fraction);
}

#endif
