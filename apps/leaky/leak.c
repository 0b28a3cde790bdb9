/*
 * Forgets what the pointer has owned so far: nobody will ever release that for it, so that the
 * object's count never comes to 0, and it is never freed.
 */
#include "shared.h"

void assign_leak(struct shared **pointer, struct shared *object)
{
    object->owners++;
    *pointer = object;
}
