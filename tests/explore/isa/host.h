/* The fake ISA of arch/host on the explorer's CPUs: on the include path in front of it. */
#ifndef ISA_HOST_H
#define ISA_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kiln_thread;
struct percpu;

unsigned host_cpu_id(void);
struct kiln_thread *host_thread(void);
struct percpu *host_percpu(void);
uintptr_t host_irq_save(void);
void host_irq_set(bool are_off);
bool host_irqs_off(void);
bool host_in_interrupt(void);
uint64_t host_counter(void);
void host_alarm(bool is_on, uint64_t counter);
void host_relax(void);
void host_ipi(unsigned cpu);
void host_idle(void);
_Noreturn void host_halt(void);

#endif
