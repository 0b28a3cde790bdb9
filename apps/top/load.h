/* Threads to be looked at. */
#ifndef LOAD_H
#define LOAD_H

/* Starts one that computes, one that computes half of the time, one that sleeps and one that waits
 * for a semaphore. False: no memory. */
bool load_start(void);

#endif
