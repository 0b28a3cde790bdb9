/*
 * Interrupts that a test raises itself: two shared ones that no device of the board uses, made
 * pending at the controller, or mailboxes of the boot CPU on a board whose controller cannot. On a
 * PC, vectors that the CPU sends itself.
 */
#ifndef RAISE_INTERRUPT_H
#define RAISE_INTERRUPT_H

#include <stdint.h>
#include <string.h>
#include <kiln.h>
#include "this_cpu.h"

struct raised_interrupt {
    unsigned irq;
    uintptr_t raise;   /* register that makes it pending */
    uintptr_t silence; /* register that takes that back */
    uint32_t bit;
};

#ifdef __x86_64__

#define SELF      0x40000u /* a destination of the local APIC's commands */
#define APIC_PAGE 0xFEE00000u
#define APIC_MSRS 0x800u
#define REQUESTS  0x200u /* eight words of 32 bits: interrupts that the CPU has not taken yet */
#define COMMAND   0x300u

static inline uint64_t msr_get(uint32_t number)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number) : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void msr_put(uint32_t number, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

/* The local APIC's mode, by IA32_APIC_BASE. */
static inline bool has_x2apic_on(void)
{
    return msr_get(0x1B) & 0x400;
}

static inline void apic_command(uint32_t command)
{
    if (has_x2apic_on())
        msr_put(APIC_MSRS + COMMAND / 16, command);
    else
        *(volatile uint32_t *)(uintptr_t)(APIC_PAGE + COMMAND) = command;
}

static inline bool apic_has_request(unsigned vector)
{
    uint32_t offset = REQUESTS + vector / 32 * 16;
    uint32_t word = has_x2apic_on() ? (uint32_t)msr_get(APIC_MSRS + offset / 16)
                                    : *(volatile uint32_t *)(uintptr_t)(APIC_PAGE + offset);

    return word >> vector % 32 & 1;
}

/* Returns when the CPU has taken it, if it takes any. */
static inline void raise_interrupt(const struct raised_interrupt *interrupt)
{
    apic_command(SELF | (interrupt->irq + 32));
    while (!interrupts_are_masked() && apic_has_request(interrupt->irq + 32))
        relax();
}

static inline void silence_interrupt(const struct raised_interrupt *interrupt)
{
    (void)interrupt;
}

/* The n-th of two. */
static inline struct raised_interrupt test_interrupt(unsigned n)
{
    return (struct raised_interrupt){.irq = 180 + 5 * n};
}

/* Channel 0 of the 8254, by its ISA interrupt. */
#define TIMER_HZ 1193182

static inline unsigned second_timer_irq(void)
{
    return 0;
}

static inline void port_put(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

/* Mode 0: an edge when the count has reached 0; up to then the output is low. */
static inline void second_timer_off(void)
{
    port_put(0x43, 0x30);
}

static inline void second_timer_set(int64_t duration)
{
    uint64_t count = (uint64_t)duration * TIMER_HZ / 1000000000u;

    second_timer_off();
    port_put(0x40, (uint8_t)count);
    port_put(0x40, (uint8_t)(count >> 8));
}

#else

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

#endif
