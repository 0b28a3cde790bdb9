/*
 * The VideoCore's property mailbox: one message carries any number of tags, which are handled in
 * order. https://github.com/raspberrypi/firmware/wiki/Mailbox-property-interface
 *
 * A message: its size in bytes, MAILBOX_REQUEST, tags, MAILBOX_END. A tag: its number, the size
 * of its value in bytes, 0, the value, which the answer overwrites.
 */
#ifndef DRIVERS_MAILBOX_H
#define DRIVERS_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#define MAILBOX_REQUEST        0u
#define MAILBOX_END            0u

#define MAILBOX_BOARD_REVISION 0x00010002u
#define MAILBOX_ARM_MEMORY     0x00010005u
#define MAILBOX_CLOCK_RATE     0x00030002u
#define MAILBOX_CLOCK_MAX      0x00030004u
#define MAILBOX_CLOCK_SET      0x00038002u

#define MAILBOX_CLOCK_UART     2u
#define MAILBOX_CLOCK_ARM      3u
#define MAILBOX_CLOCK_CORE     4u

/* Messages are in cache lines of their own: give them this and a size that is a multiple of it. */
#define MAILBOX_ALIGN 64
#define MAILBOX_WORDS (MAILBOX_ALIGN / 4)

/* Of the mailboxes, from the start of the peripherals. */
#define MAILBOX_OFFSET 0xB880

/*
 * Sends the message and waits for the answer, at most a second each. `base` is the mailboxes'.
 * False when there is none, or the firmware rejected the message, whose content may have changed
 * nevertheless. One caller at a time; below 1 GiB; boot or thread context. About 150 instructions
 * beside the firmware's time.
 */
bool mailbox_call(uintptr_t base, uint32_t *message);

#endif
