#include <drivers/mailbox.h>

#include <arch/barrier.h>
#include <arch/cache.h>
#include <arch/mmio.h>
#include <drivers/wait.h>

/* Mailbox 0 is what the VideoCore sends, 1 what it receives; each has a status. */
#define MAILBOX_0_READ     0x00
#define MAILBOX_0_STATUS   0x18
#define MAILBOX_1_WRITE    0x20
#define MAILBOX_1_STATUS   0x38

#define STATUS_FULL        (1u << 31)
#define STATUS_EMPTY       (1u << 30)

#define CHANNEL_PROPERTIES 8u
#define RESPONSE_SUCCESS   0x80000000u

/* Answers to somebody else's messages that are passed over at most. */
#define FOREIGN_ANSWERS 8

/* The VideoCore's alias of ARM memory that bypasses its caches. */
static uint32_t bus_address(const void *memory)
{
    return ((uint32_t)(uintptr_t)memory & ~0xC0000000u) | 0xC0000000u;
}

static bool exchange(uintptr_t base, uint32_t word)
{
    unsigned answers = 1 + FOREIGN_ANSWERS;

    if (!wait_for_bits(base + MAILBOX_1_STATUS, STATUS_FULL, 0, 1))
        return false;
    mmio_write32(base + MAILBOX_1_WRITE, word);
    do {
        if (!answers-- || !wait_for_bits(base + MAILBOX_0_STATUS, STATUS_EMPTY, 0, 1))
            return false;
    } while (mmio_read32(base + MAILBOX_0_READ) != word);
    return true;
}

bool mailbox_call(uintptr_t base, uint32_t *message)
{
    arch_cache_clean_invalidate(message, message[0]);
    if (!exchange(base, bus_address(message) | CHANNEL_PROPERTIES))
        return false;
    arch_barrier_io();
    arch_cache_invalidate(message, message[0]);
    return message[1] == RESPONSE_SUCCESS;
}
