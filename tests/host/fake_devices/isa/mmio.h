/*
 * In place of arch/host's: a test supplies the device behind the registers. All of them are 32 bits
 * wide; another width stops the test, unless it is built with FAKE_WIDTHS: then it is asked with
 * the number of bits.
 */
#ifndef ISA_MMIO_H
#define ISA_MMIO_H

#include <isa/host.h>

#define FAKE_NO_WIDTH(bits)                                                                        \
    static inline uint##bits##_t mmio_read##bits(uintptr_t address)                                \
    {                                                                                              \
        (void)address;                                                                             \
        host_halt();                                                                               \
    }                                                                                              \
                                                                                                   \
    static inline void mmio_write##bits(uintptr_t address, uint##bits##_t value)                   \
    {                                                                                              \
        (void)address;                                                                             \
        (void)value;                                                                               \
        host_halt();                                                                               \
    }

#ifdef FAKE_WIDTHS
uint32_t fake_read(uintptr_t address, unsigned bits);
void fake_write(uintptr_t address, unsigned bits, uint32_t value);

#define FAKE_WIDTH(bits)                                                                           \
    static inline uint##bits##_t mmio_read##bits(uintptr_t address)                                \
    {                                                                                              \
        return (uint##bits##_t)fake_read(address, bits);                                           \
    }                                                                                              \
                                                                                                   \
    static inline void mmio_write##bits(uintptr_t address, uint##bits##_t value)                   \
    {                                                                                              \
        fake_write(address, bits, value);                                                          \
    }

FAKE_WIDTH(8)
FAKE_WIDTH(16)
FAKE_WIDTH(32)

#undef FAKE_WIDTH
#else
uint32_t fake_read32(uintptr_t address);
void fake_write32(uintptr_t address, uint32_t value);

static inline uint32_t mmio_read32(uintptr_t address)
{
    return fake_read32(address);
}

static inline void mmio_write32(uintptr_t address, uint32_t value)
{
    fake_write32(address, value);
}

FAKE_NO_WIDTH(8)
FAKE_NO_WIDTH(16)
#endif
FAKE_NO_WIDTH(64)

#undef FAKE_NO_WIDTH

#endif
