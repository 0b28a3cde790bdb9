/* Checks of printf's formats. */
#ifndef GIVES_H
#define GIVES_H

#include <stdio.h>
#include <string.h>
#include "tap.h"

static char text[400];

/* One point: the format gives that text, and its length. */
#define GIVES(want, ...)                                                                           \
    do {                                                                                           \
        int length = snprintf(text, sizeof(text), __VA_ARGS__);                                    \
        if (!tap_check(strcmp(text, want) == 0 && length == (int)strlen(want), #__VA_ARGS__))      \
            printf("# got '%s' (%d), want '%s'\n", text, length, want);                            \
    } while (0)

#endif
