/* Misuse of the heap ends in a panic that names the block: the argument says which misuse. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void twice(char *volatile block)
{
    free(block);
    free(block);
}

static void inside(char *volatile block)
{
    block += 16;
    free(block);
}

static void stack(char *volatile block)
{
    uint64_t array[8] = {0};

    *block = 0;
    block = (char *)&array[4];
    printf("this one is at %p\n", block);
    free(block);
}

static void overrun(char *volatile block)
{
    memset(block, 'A', 120);
    free(block);
}

static void after(char *volatile block)
{
    free(block);
    memset(block, 0, 16);
    block = malloc(100);
}

static const struct {
    const char *name;
    void (*run)(char *volatile block);
} kinds[] = {
    {"twice", twice}, {"inside", inside}, {"stack", stack}, {"overrun", overrun}, {"after", after},
};

int main(int argc, char **argv)
{
    char *block = malloc(100);
    char *next = malloc(100);

    printf("block %p\n", block);
    for (unsigned i = 0; argc == 2 && next && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, argv[1]) == 0)
            kinds[i].run(block);
    return 0;
}
