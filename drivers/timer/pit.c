/* Channel 2 of the 8254, which the loudspeaker has: Intel 8254 data sheet; gate and loudspeaker are
 * bits of port 0x61. */
#include <drivers/reference_clock.h>

#include <x86_64/port.h>

#define HZ               1193182u
#define CHANNEL_2        0x42u
#define CONTROL          0x43u
#define GATES            0x61u

#define CONTROL_START    0xB4u /* channel 2, low byte then high byte, mode 2: rate generator */
#define CONTROL_LATCH    0x80u
#define GATE_CHANNEL_2   1u
#define GATE_LOUDSPEAKER 2u

/* A count of 0 is 65536; it counts down, and over and over. */
void pit_start(struct board_reference *reference)
{
    uint8_t gates = port_read8(GATES);

    port_write8(GATES, (uint8_t)((gates & ~GATE_LOUDSPEAKER) | GATE_CHANNEL_2));
    port_write8(CONTROL, CONTROL_START);
    port_write8(CHANNEL_2, 0);
    port_write8(CHANNEL_2, 0);
    reference->hz = HZ;
    reference->mask = 0xFFFFu;
}

uint32_t pit_read(void)
{
    port_write8(CONTROL, CONTROL_LATCH);
    uint32_t count = port_read8(CHANNEL_2);

    count |= (uint32_t)port_read8(CHANNEL_2) << 8;
    return 0u - count;
}
