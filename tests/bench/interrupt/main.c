/*
 * Prints the instructions of an interrupt to self with an empty handler, on virt-aarch64 and pc:
 * with QEMU's -icount, one takes one nanosecond. The loop's own two instructions are in.
 */
#include <inttypes.h>
#include <kiln.h>
#include <stdio.h>

#define RUNS 10000

static KILN_INTERRUPT_HANDLER void empty(void *unused)
{
    (void)unused;
}

#ifdef __x86_64__

#define INTERRUPT 200 /* its vector is 32 more; no device has it */

/* The local APIC's command register in xAPIC mode (Intel SDM volume 3, 11.6.1), "self". */
static void interrupt_self(unsigned runs)
{
    volatile uint32_t *command = (volatile uint32_t *)(uintptr_t)0xFEE00300;

    for (; runs > 0; runs--)
        *command = 0x40000u | (INTERRUPT + 32);
}

#else

#define INTERRUPT 1 /* software-generated; the runtime has 0 */

/* GICD_SGIR, "this CPU" (Arm IHI 0048B 4.3.15), or ICC_SGI1R_EL1 (IHI 0069). */
static void interrupt_self(unsigned runs)
{
    volatile uint32_t *sgir = (volatile uint32_t *)(uintptr_t)0x08000F00;

    if (KILN_CONFIG_GIC == 2)
        for (; runs > 0; runs--)
            *sgir = 2u << 24 | INTERRUPT;
    else
        for (; runs > 0; runs--)
            __asm__ volatile("msr S3_0_C12_C11_5, %0\n\tisb"
                             :
                             : "r"((uint64_t)INTERRUPT << 24 | 1)
                             : "memory");
}

#endif

int main(void)
{
    if (kiln_irq_attach(INTERRUPT, empty, NULL))
        return 1;
    interrupt_self(1);
    uint64_t from = kiln_time_counter();

    interrupt_self(RUNS);
    uint64_t ns = (kiln_time_counter() - from) * 1000000000u / kiln_time_counter_hz();

    printf("interrupt-instructions %" PRIu64 "\n", (ns + RUNS / 2) / RUNS);
    return 0;
}
