#ifndef NAMES_H
#define NAMES_H

#define OWN_NAMES 35

/* How often one of the functions was called. */
extern int own_calls;

/* Calls each; the sum of their numbers. */
int own_names_inside(void);
int own_names_of_posix(void);

#endif
