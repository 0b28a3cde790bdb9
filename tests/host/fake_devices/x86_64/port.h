/* In place of arch/x86_64's: a test supplies what is behind the ports. */
#ifndef X86_64_PORT_H
#define X86_64_PORT_H

#include <stdint.h>

/* An access of 8, 16 or 32 bits. */
uint32_t fake_port_read(uint16_t port, unsigned bits);
void fake_port_write(uint16_t port, unsigned bits, uint32_t value);

#define FAKE_PORT(bits)                                                                            \
    static inline uint##bits##_t port_read##bits(uint16_t port)                                    \
    {                                                                                              \
        return (uint##bits##_t)fake_port_read(port, bits);                                         \
    }                                                                                              \
                                                                                                   \
    static inline void port_write##bits(uint16_t port, uint##bits##_t value)                       \
    {                                                                                              \
        fake_port_write(port, bits, value);                                                        \
    }

FAKE_PORT(8)
FAKE_PORT(16)
FAKE_PORT(32)

#undef FAKE_PORT

#endif
