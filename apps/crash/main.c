/* Crashes on request, to show what a panic tells: ./kiln run crash -- WORD */
#include "crash.h"
#include <stdio.h>
#include <string.h>

static const struct crash *const groups[] = {memory_crashes, instruction_crashes, program_crashes};

#define GROUPS (sizeof groups / sizeof *groups)

static void list(void)
{
    puts("Ways to crash:");
    for (size_t group = 0; group < GROUPS; group++)
        for (const struct crash *crash = groups[group]; crash->word; crash++)
            printf("  %-18s %s\n", crash->word, crash->what);
}

static const struct crash *find(const char *word)
{
    for (size_t group = 0; group < GROUPS; group++)
        for (const struct crash *crash = groups[group]; crash->word; crash++)
            if (!strcmp(crash->word, word))
                return crash;
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        list();
        return argc == 1 ? 0 : 2;
    }
    const struct crash *crash = find(argv[1]);
    if (!crash) {
        printf("crash: no way to crash is called '%s'\n", argv[1]);
        list();
        return 2;
    }
    printf("About to: %s.", crash->what);
    crash->run();
    printf("\ncrash: still alive after '%s'\n", argv[1]);
    return 1;
}
