/* Random numbers for guards and keys. */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

/* Gives the stack protector its guard. The caller must not return. Boot. */
void core_guard_init(void);

#endif
