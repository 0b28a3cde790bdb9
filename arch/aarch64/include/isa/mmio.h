/*
 * AArch64's part of arch/mmio.h. Assembly keeps the compiler from splitting, merging or widening an
 * access, and from addressing with writeback, which a hypervisor cannot emulate.
 */
#ifndef ISA_MMIO_H
#define ISA_MMIO_H

static inline uint8_t mmio_read8(uintptr_t address)
{
    uint8_t value;

    __asm__ volatile("ldrb %w0, %1" : "=r"(value) : "m"(*(volatile uint8_t *)address));
    return value;
}

static inline uint16_t mmio_read16(uintptr_t address)
{
    uint16_t value;

    __asm__ volatile("ldrh %w0, %1" : "=r"(value) : "m"(*(volatile uint16_t *)address));
    return value;
}

static inline uint32_t mmio_read32(uintptr_t address)
{
    uint32_t value;

    __asm__ volatile("ldr %w0, %1" : "=r"(value) : "m"(*(volatile uint32_t *)address));
    return value;
}

static inline uint64_t mmio_read64(uintptr_t address)
{
    uint64_t value;

    __asm__ volatile("ldr %x0, %1" : "=r"(value) : "m"(*(volatile uint64_t *)address));
    return value;
}

static inline void mmio_write8(uintptr_t address, uint8_t value)
{
    __asm__ volatile("strb %w1, %0" : "=m"(*(volatile uint8_t *)address) : "rZ"(value));
}

static inline void mmio_write16(uintptr_t address, uint16_t value)
{
    __asm__ volatile("strh %w1, %0" : "=m"(*(volatile uint16_t *)address) : "rZ"(value));
}

static inline void mmio_write32(uintptr_t address, uint32_t value)
{
    __asm__ volatile("str %w1, %0" : "=m"(*(volatile uint32_t *)address) : "rZ"(value));
}

static inline void mmio_write64(uintptr_t address, uint64_t value)
{
    __asm__ volatile("str %x1, %0" : "=m"(*(volatile uint64_t *)address) : "rZ"(value));
}

#endif
