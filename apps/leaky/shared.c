#include "shared.h"

#include <stdlib.h>
#include <string.h>

struct shared *shared_new(const char *text)
{
    struct shared *object = malloc(sizeof(*object));
    char *copy = malloc(strlen(text) + 1);

    if (!object || !copy)
        abort();
    object->owners = 1;
    object->text = strcpy(copy, text);
    return object;
}

void shared_release(struct shared *object)
{
    if (object && --object->owners == 0)
        shared_destroy(object);
}

void shared_destroy(struct shared *object)
{
    free(object->text);
    free(object);
}
