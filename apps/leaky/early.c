/*
 * The obvious repair of the leak: what the pointer has owned is freed. But others may own it, too,
 * and go on using what is not there any more.
 */
#include "shared.h"

#include <stddef.h>

void assign_early(struct shared **pointer, struct shared *object)
{
    object->owners++;
    if (*pointer != NULL)
        shared_destroy(*pointer);
    *pointer = object;
}
