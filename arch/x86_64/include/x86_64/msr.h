/*
 * x86's model-specific registers of the CPU that asks. Any context. One that the CPU does not have
 * is a general-protection fault: ask CPUID first. Intel SDM volume 4.
 */
#ifndef X86_64_MSR_H
#define X86_64_MSR_H

#include <stdint.h>

static inline uint64_t msr_read(uint32_t number)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number) : "memory");
    return (uint64_t)high << 32 | low;
}

/* Serialises, but for the local APIC's registers in x2APIC mode (Intel SDM volume 3, 11.12.3). */
static inline void msr_write(uint32_t number, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

#endif
