/* Leaks of each kind, in a program that the report at its end is about; the argument says which. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <kiln.h>

struct node {
    struct node *next;
    char rest[40];
};

struct node *kept;
char *inside;

static __attribute__((noinline)) struct node *node(struct node *next)
{
    struct node *made = malloc(sizeof(*made));

    if (!made)
        exit(1);
    made->next = next;
    return made;
}

static __attribute__((noinline)) void *block(void)
{
    void *made = malloc(100);

    if (!made)
        exit(1);
    return made;
}

static __attribute__((noinline)) void lose_chain(void)
{
    node(node(node(NULL)));
}

static __attribute__((noinline)) void lose_ring(void)
{
    struct node *first = node(NULL);

    first->next = node(node(first));
}

static __attribute__((noinline)) void lose_several(void)
{
    for (int i = 0; i < 3; i++)
        memset(block(), 0, 100);
}

static __attribute__((noinline)) void keep(void)
{
    kept = node(node(NULL));
    inside = (char *)node(NULL) + 8;
}

static void lose_all(void)
{
    lose_chain();
    lose_ring();
    lose_several();
    keep();
}

static void none(void)
{
    free(realloc(block(), 1000));
}

/* What the end frees, or what somebody keeps on purpose, is no leak. */
static void free_kept(void)
{
    free(kept);
}

static void reachable(void)
{
    kept = node(NULL);
    atexit(free_kept);
    inside = (char *)node(NULL);
    kiln_leak_ignore(node(node(NULL)));
    setvbuf(stdout, NULL, _IOFBF, 1024);
}

/* Only an address that a freed block holds leads to the last one. */
static void from_freed(void)
{
    struct node *holder = node(NULL);

    holder = node(holder);
    holder->next->next = node(NULL);
    free(holder->next);
    free(holder);
}

static void many(void)
{
    for (int i = 0; i < 100000; i++)
        kept = node(kept);
    printf("%zu lost\n", kiln_leak_check());
    kept = NULL;
}

static void by_exit(void)
{
    struct node *volatile local = node(NULL);

    lose_several();
    exit(local->next ? 1 : 0);
}

static void with_status(void)
{
    lose_several();
    exit(7);
}

static void stray(void)
{
    kiln_leak_ignore(NULL);
    kiln_leak_ignore((char *)node(NULL) + 16);
}

static const struct {
    const char *name;
    void (*run)(void);
} programs[] = {
    {"all", lose_all}, {"none", none},    {"reachable", reachable}, {"from-freed", from_freed},
    {"many", many},    {"exit", by_exit}, {"status", with_status},  {"stray", stray},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof(programs) / sizeof(programs[0]); i++)
        if (strcmp(programs[i].name, argv[1]) == 0)
            programs[i].run();
    printf("end");
    return 0;
}
