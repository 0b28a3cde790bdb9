/*
 * Stands before the C library's sys/features.h and adds the options that Kiln supplies, which make
 * <time.h> declare clock_gettime, clock_nanosleep and the like.
 */
#ifndef KILN_SYS_FEATURES_H
#define KILN_SYS_FEATURES_H

#include_next <sys/features.h>

#define _POSIX_TIMERS          200809L
#define _POSIX_MONOTONIC_CLOCK 200809L
#define _POSIX_CLOCK_SELECTION 200809L

#endif
