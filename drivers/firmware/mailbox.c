#include <drivers/mailbox.h>

#include <arch/barrier.h>
#include <arch/cache.h>
#include <arch/mmio.h>
#include <drivers/wait.h>
#include <errno.h>

/* BCM2835 mailboxes: 0 is what the VideoCore sends, 1 what it receives; each has a status. */
#define MAILBOX_0_READ     0xB880
#define MAILBOX_0_STATUS   0xB898
#define MAILBOX_1_WRITE    0xB8A0
#define MAILBOX_1_STATUS   0xB8B8

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

static int exchange(uintptr_t base, uint32_t word)
{
    if (!wait_for_bits(base + MAILBOX_1_STATUS, STATUS_FULL, 0, 1))
        return -ETIMEDOUT;
    mmio_write32(base + MAILBOX_1_WRITE, word);
    for (unsigned foreign = 0; foreign < FOREIGN_ANSWERS; foreign++) {
        if (!wait_for_bits(base + MAILBOX_0_STATUS, STATUS_EMPTY, 0, 1))
            return -ETIMEDOUT;
        if (mmio_read32(base + MAILBOX_0_READ) == word)
            return 0;
    }
    return -EIO;
}

int mailbox_call(uintptr_t base, uint32_t *message)
{
    size_t bytes = message[0];
    int error;

    arch_cache_clean_invalidate(message, bytes);
    error = exchange(base, bus_address(message) | CHANNEL_PROPERTIES);
    if (error)
        return error;
    arch_barrier_io();
    arch_cache_invalidate(message, bytes);
    return message[1] == RESPONSE_SUCCESS ? 0 : -EIO;
}
