/* The property mailbox against a VideoCore that answers, rejects, talks to others, or is dead. */
#include <arch/mmio.h>
#include <drivers/mailbox.h>
#include <isa/host.h>
#include <string.h>
#include "test.h"

#define BASE   0x10B880
#define READ   BASE
#define STATUS (BASE + 0x18)
#define WRITE  (BASE + 0x20)
#define FULL   (BASE + 0x38)

static uint32_t message[MAILBOX_WORDS] __attribute__((aligned(MAILBOX_ALIGN)));

static struct {
    uint32_t full_reads;  /* it says full so many times */
    uint32_t empty_reads; /* it has no answer yet so many times */
    unsigned foreign;     /* answers to others that come first */
    uint32_t response;
    uint32_t sent;
    unsigned sends, answers;
} device;

static void reset(void)
{
    memset(&device, 0, sizeof(device));
    device.response = 0x80000000u;
    host_cpu.counter = 0;
    memset(message, 0, sizeof(message));
    message[0] = sizeof(message);
    message[2] = MAILBOX_BOARD_REVISION;
    message[3] = 4;
}

static uint32_t answer(void)
{
    TAP_CHECK(device.sends == 1);
    if (device.answers++ < device.foreign)
        return 0xC0012340u + 16 * device.answers + 8;
    message[1] = device.response;
    message[4] = 0x80000004u;
    message[5] = 0xA02082;
    return device.sent;
}

uint32_t fake_read32(uintptr_t address)
{
    host_cpu.counter += host_cpu.counter_hz / 1000;
    switch (address) {
    case READ:
        return answer();
    case STATUS:
        return device.empty_reads && device.empty_reads-- ? 1u << 30 : 1;
    case FULL:
        return device.full_reads && device.full_reads-- ? 1u << 31 : 1u << 30;
    default:
        tap_check(false, "reads stay within the mailboxes");
        return 0;
    }
}

void fake_write32(uintptr_t address, uint32_t value)
{
    TAP_EQUAL(address, WRITE);
    TAP_EQUAL(device.full_reads, 0);
    device.sent = value;
    device.sends++;
}

static void test_answers(void)
{
    reset();
    TAP_CHECK(mailbox_call(BASE, message));
    TAP_EQUAL(message[5], 0xA02082);
    TAP_EQUAL(device.sent, ((uint32_t)(uintptr_t)message | 0xC0000000u) + 8);

    reset();
    device.full_reads = 100;
    device.empty_reads = 100;
    device.foreign = 3;
    TAP_CHECK(mailbox_call(BASE, message));
    TAP_EQUAL(device.answers, 4);
}

static void test_failures(void)
{
    reset();
    device.response = 0x80000001u;
    TAP_CHECK(!mailbox_call(BASE, message));

    reset();
    device.full_reads = UINT32_MAX;
    TAP_CHECK(!mailbox_call(BASE, message));
    TAP_EQUAL(device.sends, 0);
    TAP_CHECK(host_cpu.counter < 2 * host_cpu.counter_hz);

    reset();
    device.empty_reads = UINT32_MAX;
    TAP_CHECK(!mailbox_call(BASE, message));
    TAP_CHECK(host_cpu.counter < 2 * host_cpu.counter_hz);

    reset();
    device.foreign = 8;
    TAP_CHECK(mailbox_call(BASE, message));
    reset();
    device.foreign = 1000;
    TAP_CHECK(!mailbox_call(BASE, message));
    TAP_EQUAL(device.answers, 9);
}

int main(void)
{
    test_answers();
    test_failures();
    return tap_done();
}
