/* The longest time with interrupts masked; IRQS_OFF_TRACE=1. */
#ifndef CORE_IRQS_OFF_H
#define CORE_IRQS_OFF_H

/* Prints each CPU's longest, with the places where they began and ended. The end of a run. */
void core_irqs_off_tell(void);

#endif
