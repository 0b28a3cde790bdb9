/* The way to reset that no PC is without. */
#ifndef X86_64_TRIPLE_FAULT_H
#define X86_64_TRIPLE_FAULT_H

#include <stdint.h>

/* An exception without a handler, nor one for that: the CPU shuts down, and the chipset resets it
 * (Intel SDM volume 3, 6.15 "Double Fault"). Any context; does not return. */
static inline void cpu_triple_fault(void)
{
    static const struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } nothing;

    __asm__ volatile("lidt %0\n\tud2" : : "m"(nothing));
}

#endif
