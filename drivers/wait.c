#include <drivers/wait.h>

#include <arch/counter.h>
#include <arch/mmio.h>

bool wait_for_bits(uintptr_t address, uint32_t mask, uint32_t value, uint32_t fraction)
{
    uint64_t start = arch_counter();

    while ((mmio_read32(address) & mask) != value)
        if (arch_counter() - start > arch_counter_hz() / fraction)
            return false;
    return true;
}
