/* The VideoCore's answers, as QEMU gives them, and that they reach the CPU through its caches. */
#include <drivers/mailbox.h>
#include <kiln.h>
#include <string.h>
#include "../tap.h"

#define ANSWERED 0x80000000u

static bool is_raspi4;
static uintptr_t mailboxes;

static uint32_t message[2 * MAILBOX_WORDS] __attribute__((aligned(MAILBOX_ALIGN)));

/* A message of one tag with room for two words. */
static void ask(uint32_t tag, uint32_t value)
{
    memset(message, 0, sizeof(message));
    message[0] = sizeof(message);
    message[2] = tag;
    message[3] = 8;
    message[5] = value;
    TAP_CHECK(mailbox_call(mailboxes, message));
}

static void test_single(void)
{
    ask(MAILBOX_ARM_MEMORY, 0);
    TAP_EQUAL(message[5], 0);
    TAP_CHECK(message[6] > 512u << 20 && message[6] < 1024u << 20);
    TAP_CHECK(message[6] <= kiln_ram_bytes());
    ask(MAILBOX_BOARD_REVISION, 0);
    TAP_EQUAL(message[5] >> 4 & 0xFF, is_raspi4 ? 0x11 : 0x08);
    ask(MAILBOX_CLOCK_RATE, MAILBOX_CLOCK_UART);
    TAP_CHECK(message[6] >= 3000000 && message[6] <= 48000000);
    ask(MAILBOX_CLOCK_RATE, MAILBOX_CLOCK_CORE);
    TAP_CHECK(message[6] >= 100000000);
}

static void test_several(void)
{
    static const uint32_t several[] = {sizeof(message),
                                       MAILBOX_REQUEST,
                                       MAILBOX_CLOCK_MAX,
                                       8,
                                       0,
                                       MAILBOX_CLOCK_ARM,
                                       0,
                                       MAILBOX_BOARD_REVISION,
                                       4,
                                       0,
                                       0,
                                       MAILBOX_CLOCK_RATE,
                                       8,
                                       0,
                                       MAILBOX_CLOCK_ARM,
                                       0,
                                       MAILBOX_END};

    memcpy(message, several, sizeof(several));
    TAP_CHECK(mailbox_call(mailboxes, message));
    TAP_EQUAL(message[4], ANSWERED + 8);
    TAP_EQUAL(message[9], ANSWERED + 4);
    TAP_EQUAL(message[13], ANSWERED + 8);
    TAP_CHECK(message[6] >= 600000000);
    TAP_EQUAL(message[15], message[6]);
}

/* What lies beside the message in memory stays as it is. */
static void test_neighbours(void)
{
    static struct {
        uint32_t before[MAILBOX_WORDS];
        uint32_t message[MAILBOX_WORDS];
        uint32_t after[MAILBOX_WORDS];
    } memory __attribute__((aligned(MAILBOX_ALIGN)));
    bool is_whole = true;

    memset(&memory, 0x5A, sizeof(memory));
    memset(memory.message, 0, sizeof(memory.message));
    memory.message[0] = sizeof(memory.message);
    memory.message[2] = MAILBOX_BOARD_REVISION;
    memory.message[3] = 4;
    TAP_CHECK(mailbox_call(mailboxes, memory.message));
    TAP_CHECK(memory.message[5] != 0);
    for (unsigned i = 0; i < MAILBOX_WORDS; i++)
        is_whole &= memory.before[i] == 0x5A5A5A5Au && memory.after[i] == 0x5A5A5A5Au;
    TAP_CHECK(is_whole);
}

int main(void)
{
    is_raspi4 = strcmp(kiln_board_name(), "raspi4") == 0;
    mailboxes = (is_raspi4 ? 0xFE000000 : 0x3F000000) + MAILBOX_OFFSET;
    test_single();
    test_several();
    test_neighbours();
    return tap_done();
}
