/* Mutexes inside. */
#ifndef CORE_MUTEX_H
#define CORE_MUTEX_H

/* From now on threads may wait for mutexes: there is to be a thread beside main(), or a wait with a
 * deadline. Any context. */
void core_mutex_begin(void);

#endif
