/* What a test does with interrupts masked on purpose for longer than the runtime does. */
#ifndef TAKES_LONG_H
#define TAKES_LONG_H

#include <kiln.h>

/* Up to where interrupts come through again IRQS_OFF_TRACE leaves the time out, as the program's
 * own. Called with interrupts masked, which they stay. */
static inline void takes_long(void)
{
    kiln_irq_restore(kiln_irq_save());
}

#endif
