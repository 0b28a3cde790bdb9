/*
 * AArch64's part of arch/counter.h: the generic timer's virtual counter and timer, which every
 * exception level may use (boot sets CNTVOFF_EL2 to 0). Arm ARM (DDI 0487), "The Generic Timer".
 */
#ifndef ISA_COUNTER_H
#define ISA_COUNTER_H

#define ARCH_CLOCK_IS_REFINED 0

static inline uint64_t arch_counter(void)
{
    uint64_t counter;

    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(counter));
    return counter;
}

static inline uint64_t arch_counter_ordered(void)
{
    uint64_t counter;

    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(counter) : : "memory");
    return counter;
}

static inline uint64_t arch_counter_hz(void)
{
    uint64_t hz;

    __asm__("mrs %0, cntfrq_el0" : "=r"(hz));
    return hz;
}

/* The comparison is 64 bits wide and unsigned: a value that has passed fires at once. */
static inline void arch_alarm_set(uint64_t counter)
{
    __asm__ volatile("msr cntv_cval_el0, %0\n\t"
                     "msr cntv_ctl_el0, %1"
                     :
                     : "r"(counter), "r"(UINT64_C(1))
                     : "memory");
}

/* The isb lowers the interrupt line before the controller is told that the handler has ended. */
static inline void arch_alarm_off(void)
{
    __asm__ volatile("msr cntv_ctl_el0, xzr\n\tisb" : : : "memory");
}

#endif
