/*
 * Interrupts that a test raises itself: two shared ones that no device of the board uses, made
 * pending at the controller, or mailboxes of the boot CPU on a board whose controller cannot.
 */
#ifndef RAISE_INTERRUPT_H
#define RAISE_INTERRUPT_H

#include <stdint.h>
#include <string.h>
#include <kiln.h>

struct raised_interrupt {
    unsigned irq;
    uintptr_t raise;   /* register that makes it pending */
    uintptr_t silence; /* register that takes that back */
    uint32_t bit;
};

static inline void raise_interrupt(const struct raised_interrupt *interrupt)
{
    *(volatile uint32_t *)interrupt->raise = interrupt->bit;
    __asm__ volatile("dsb sy\n\tisb" : : : "memory");
}

/* For a handler: a mailbox stays pending until it is emptied. Harmless elsewhere. */
static inline void silence_interrupt(const struct raised_interrupt *interrupt)
{
    *(volatile uint32_t *)interrupt->silence = interrupt->bit;
}

/* Numbers below 200 are there on every GIC that a board has. */
static inline struct raised_interrupt gic_interrupt(uintptr_t distributor, unsigned irq)
{
    return (struct raised_interrupt){
        .irq = irq,
        .raise = distributor + 0x200 + irq / 32 * 4,   /* GICD_ISPENDR */
        .silence = distributor + 0x280 + irq / 32 * 4, /* GICD_ICPENDR */
        .bit = UINT32_C(1) << irq % 32,
    };
}

static inline struct raised_interrupt mailbox_interrupt(unsigned mailbox)
{
    return (struct raised_interrupt){
        .irq = 4 + mailbox,
        .raise = 0x40000080u + 4 * mailbox,
        .silence = 0x400000C0u + 4 * mailbox,
        .bit = 1,
    };
}

/* The n-th of two. */
static inline struct raised_interrupt test_interrupt(unsigned n)
{
    if (strcmp(kiln_board_name(), "raspi3") == 0)
        return mailbox_interrupt(1 + n);
    if (strcmp(kiln_board_name(), "raspi4") == 0)
        return gic_interrupt(0xFF841000u, 180 + 5 * n);
    return gic_interrupt(0x08000000u, 180 + 5 * n);
}

/* This CPU's second timer (CNTP), which the runtime leaves alone. */
static inline unsigned second_timer_irq(void)
{
    return strcmp(kiln_board_name(), "raspi3") == 0 ? 1 : 30;
}

static inline void second_timer_set(int64_t duration)
{
    uint64_t units = (uint64_t)duration * kiln_time_counter_hz() / 1000000000u;

    __asm__ volatile("msr cntp_tval_el0, %0\n\t"
                     "msr cntp_ctl_el0, %1\n\t"
                     "isb"
                     :
                     : "r"(units), "r"(UINT64_C(1)));
}

static inline void second_timer_off(void)
{
    __asm__ volatile("msr cntp_ctl_el0, xzr\n\tisb");
}

#endif
