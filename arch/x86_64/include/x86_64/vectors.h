/* The entries that vectors have: 0-31 and 0x80, which are exceptions, from boot on. */
#ifndef X86_64_VECTORS_H
#define X86_64_VECTORS_H

/* Makes those of all interrupts, 32-255, which lead to core_interrupt(). For all CPUs, once, before
 * the first interrupt is let through. About 4,000 instructions. */
void vectors_open(void);

#endif
