/* The thread that frees pages when memory is short. */
#ifndef CORE_RECLAIMER_H
#define CORE_RECLAIMER_H

/* From now on a thread runs the reclaimers when memory is short: it starts then. Any thread that
 * creates others. */
void core_reclaimer_prepare(void);

#endif
