/*
 * A program owns every name that ISO C leaves it, also those of POSIX and of the runtime's inside:
 * its functions are called by itself alone, and the C library goes on working.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tap.h"

static int calls;

#define OWN(name)                                                                                  \
    int name(int door);                                                                            \
    int name(int door)                                                                             \
    {                                                                                              \
        calls++;                                                                                   \
        return door + 1;                                                                           \
    }

OWN(open)
OWN(close)
OWN(read)
OWN(write)
OWN(lseek)
OWN(send)
OWN(access)
OWN(usleep)
OWN(list_add)
OWN(page_alloc)
OWN(kernel_main)
OWN(panic)
OWN(put)
OWN(report)
OWN(walk)
OWN(console_init)
OWN(core_boot)
OWN(mm_early_page)
OWN(irq_dispatch)
OWN(vectors)

int main(void)
{
    FILE *file = fopen("nothing", "r");
    char *copy;
    char text[20];

    TAP_CHECK(file == NULL && errno == ENOENT);
    TAP_EQUAL(open(1) + close(2) + read(3) + write(4) + lseek(5), 20);
    TAP_EQUAL(list_add(1) + page_alloc(2) + send(3) + vectors(5) + walk(6), 22);
    TAP_EQUAL(calls, 10);
    TAP_EQUAL(time(NULL) >= 0, 1);
    copy = malloc(100);
    snprintf(text, sizeof(text), "%d", 42);
    tap_check(copy && strcmp(text, "42") == 0, "malloc and snprintf work");
    free(copy);
    fflush(NULL);
    TAP_EQUAL(calls, 10);
    return tap_done();
}
