#include <drivers/wait.h>

#include <arch/counter.h>

bool wait_for_bits_longer(uintptr_t address, uint32_t mask, uint32_t value, uint32_t fraction)
{
    uint64_t start = arch_counter();

    do {
        if ((mmio_read32(address) & mask) == value)
            return true;
    } while (arch_counter() - start <= arch_counter_hz() / fraction);
    return false;
}
