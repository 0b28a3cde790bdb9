/*
 * Two bugs that every program with shared objects can have, and how --check finds them:
 *
 *   ./kiln run leaky --check=leaks -- leak      an object that is never freed
 *   ./kiln run leaky --check=memory -- early    one that is freed while it is used
 *   ./kiln run leaky --check=memory,leaks -- right
 *
 * docs/memory-bugs.md goes through what they print.
 */
#include <stdio.h>
#include <string.h>
#include "shared.h"

static const struct {
    const char *name;
    assign_t assign;
} variants[] = {{"leak", assign_leak}, {"early", assign_early}, {"right", assign_right}};

static void show(const char *name, const struct shared *object)
{
    printf("%s points to the %s object, which has %u owners\n", name, object->text, object->owners);
}

/* Two pointers share an object; then one of them goes on to another. */
static void run(assign_t assign)
{
    struct shared *first = shared_new("first"), *second = shared_new("second");
    struct shared *here = NULL, *there = NULL;

    assign(&here, first);
    assign(&there, first);
    assign(&here, second);
    show("here", here);
    show("there", there);

    shared_release(here);
    shared_release(there);
    shared_release(first);
    shared_release(second);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof(variants) / sizeof(variants[0]); i++)
        if (strcmp(variants[i].name, argv[1]) == 0) {
            run(variants[i].assign);
            puts("All owners have let go.");
            return 0;
        }
    puts("usage: leaky leak | early | right");
    return 2;
}
