/* In place of arch/x86_64's: a test supplies the instructions. */
#ifndef X86_64_LAPIC_CPU_H
#define X86_64_LAPIC_CPU_H

#include <stdint.h>

void lapic_priority_write(uintptr_t class);
void lapic_fence(void);

#endif
