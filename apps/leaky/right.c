/*
 * Lets go of what the pointer has owned, which is freed if nobody else owns it. The new owner is
 * counted first, since it may be the same object.
 */
#include "shared.h"

void assign_right(struct shared **pointer, struct shared *object)
{
    object->owners++;
    shared_release(*pointer);
    *pointer = object;
}
