/* In place of arch/x86_64's: a test supplies the registers. */
#ifndef X86_64_MSR_H
#define X86_64_MSR_H

#include <stdint.h>

uint64_t fake_msr_read(uint32_t number);
void fake_msr_write(uint32_t number, uint64_t value);

static inline uint64_t msr_read(uint32_t number)
{
    return fake_msr_read(number);
}

static inline void msr_write(uint32_t number, uint64_t value)
{
    fake_msr_write(number, value);
}

#endif
