/* Interrupts: attaching a handler to a number. Numbers are the board's (docs/boards.md). */
#ifndef KILN_IRQ_H
#define KILN_IRQ_H

#include <kiln/api.h>

KILN_BEGIN

/**
 * A handler: runs on the CPU's interrupt stack with interrupts masked, must not sleep and may not
 * touch FP registers. Declare it with KILN_INTERRUPT_HANDLER.
 */
typedef void (*kiln_irq_handler_t)(void *argument);

/**
 * Attaches a handler and unmasks the interrupt; one that each CPU has of its own only on the
 * calling CPU. 0, -EINVAL (no such number, no handler), -EBUSY (taken). Thread context or boot.
 */
int kiln_irq_attach(unsigned irq, kiln_irq_handler_t handler, void *argument);

/**
 * Masks the interrupt and forgets its handler. An interrupt that another CPU has taken by then
 * still runs it: quiet the device first. 0 or -EINVAL. Thread context or boot.
 */
int kiln_irq_detach(unsigned irq);

/**
 * Holds an attached interrupt back, and lets it through again. Does not nest. A number that does
 * not exist panics in a debug build and is ignored in a release build. Any context.
 */
void kiln_irq_mask(unsigned irq);
void kiln_irq_unmask(unsigned irq);

/** Masks all interrupts on this CPU; returns what kiln_irq_restore needs. Nests. Any context. */
uintptr_t kiln_irq_save(void);
void kiln_irq_restore(uintptr_t state);

/** A function that a handler leaves for later. Its members are the runtime's own. */
struct kiln_deferred {
    struct kiln_deferred *next;
    void (*function)(void *argument);
    void *argument;
    uint32_t is_pending; /* atomic */
};

/** Defines one `name` that calls function(argument). */
#define KILN_DEFERRED(name, function, argument)                                                    \
    struct kiln_deferred name = {NULL, function, argument, 0}

/** The same in other memory. Any context. */
void kiln_deferred_init(struct kiln_deferred *deferred, void (*function)(void *argument),
                        void *argument);

/**
 * Has the function called once on this CPU, when the interrupt handler has ended, or interrupts
 * come through again, and before any thread goes on: with interrupts on, after what was deferred
 * before. It runs on the stack of the thread that was interrupted, for which each thread has to
 * leave room, and as in a handler (declare it with KILN_INTERRUPT_HANDLER) it must not wait, yield,
 * lock a mutex or touch FP registers. It may defer others, or itself: that runs before the thread
 * goes on, too. 0; -EALREADY: it is deferred and has not been called yet. Any context; where
 * interrupts are on it is called at once. Costs nothing to interrupts that defer nothing.
 */
int kiln_irq_defer(struct kiln_deferred *deferred);

KILN_END

#endif
