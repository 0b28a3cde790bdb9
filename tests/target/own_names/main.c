/*
 * A program's names are its own: those that the runtime uses inside, and those of POSIX, which ISO
 * C leaves to it. Each function of names.c returns a number of its own; the runtime must not call
 * one, and gets on without them.
 */
#include "../tap.h"
#include "names.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What would call them, did it not have names of its own. */
static void check_library(void)
{
    char line[32] = "";
    FILE *file = fopen("greeting.txt", "r");

    TAP_CHECK(file && fgets(line, sizeof(line), file) && !fseek(file, 0, SEEK_SET));
    TAP_CHECK(strcmp(line, "from a file\n") == 0);
    TAP_CHECK(file && fclose(file) == 0);
    TAP_CHECK(getchar() == EOF);
    TAP_CHECK(clock() != (clock_t)-1);
    TAP_CHECK(time(NULL) != (time_t)-1);
    TAP_CHECK(remove("greeting.txt") != 0);
}

int main(void)
{
    TAP_EQUAL(own_names_inside(), 15 * 16 / 2);
    TAP_EQUAL(own_names_of_posix(), 20 * 100 + 20 * 21 / 2);
    TAP_EQUAL(own_calls, OWN_NAMES);
    check_library();
    TAP_EQUAL(own_calls, OWN_NAMES);
    return tap_done();
}
