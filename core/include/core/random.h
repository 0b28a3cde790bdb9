/* Random numbers for guards and keys. */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

/* Seeds kiln_random() and the stack protector's guard. The caller must not return. Boot. */
void core_random_init(void);

#endif
