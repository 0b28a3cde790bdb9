/*
 * x86_64's part of arch/mmio.h. Assembly keeps the compiler from splitting, merging or widening an
 * access, and from instructions that a hypervisor cannot emulate. Device memory is mapped
 * uncacheable, and so accessed in program order.
 */
#ifndef ISA_MMIO_H
#define ISA_MMIO_H

static inline uint8_t mmio_read8(uintptr_t address)
{
    uint8_t value;

    __asm__ volatile("movb %1, %0" : "=q"(value) : "m"(*(volatile uint8_t *)address));
    return value;
}

static inline uint16_t mmio_read16(uintptr_t address)
{
    uint16_t value;

    __asm__ volatile("movw %1, %0" : "=r"(value) : "m"(*(volatile uint16_t *)address));
    return value;
}

static inline uint32_t mmio_read32(uintptr_t address)
{
    uint32_t value;

    __asm__ volatile("movl %1, %0" : "=r"(value) : "m"(*(volatile uint32_t *)address));
    return value;
}

static inline uint64_t mmio_read64(uintptr_t address)
{
    uint64_t value;

    __asm__ volatile("movq %1, %0" : "=r"(value) : "m"(*(volatile uint64_t *)address));
    return value;
}

static inline void mmio_write8(uintptr_t address, uint8_t value)
{
    __asm__ volatile("movb %1, %0" : "=m"(*(volatile uint8_t *)address) : "qi"(value));
}

static inline void mmio_write16(uintptr_t address, uint16_t value)
{
    __asm__ volatile("movw %1, %0" : "=m"(*(volatile uint16_t *)address) : "ri"(value));
}

static inline void mmio_write32(uintptr_t address, uint32_t value)
{
    __asm__ volatile("movl %1, %0" : "=m"(*(volatile uint32_t *)address) : "ri"(value));
}

static inline void mmio_write64(uintptr_t address, uint64_t value)
{
    __asm__ volatile("movq %1, %0" : "=m"(*(volatile uint64_t *)address) : "re"(value));
}

#endif
