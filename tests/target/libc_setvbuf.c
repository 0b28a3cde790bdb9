/*
 * Buffering of standard output, seen by what comes in between: what is written straight to the
 * console stands before what a buffer still holds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void direct(const char *text)
{
    write(1, text, strlen(text));
}

static int failures;

static void check(int condition, const char *what)
{
    if (!condition) {
        failures++;
        fprintf(stderr, "failed: %s\n", what);
    }
}

/* picolibc's has no buffer. */
static void check_stderr(void)
{
#ifdef __PICOLIBC__
    check(setvbuf(stderr, NULL, _IOFBF, 10) != 0, "stderr stays unbuffered");
#else
    check(setvbuf(stderr, NULL, _IOFBF, 100) == 0, "stderr can be buffered");
    fprintf(stderr, "late\n");
    direct("early ");
    fflush(stderr);
    check(setvbuf(stderr, NULL, _IONBF, 0) == 0, "stderr can be unbuffered again");
#endif
}

int main(void)
{
    static char mine[100];

    printf("lines: a\nb");
    direct("1");
    printf("c\n");

    check(setvbuf(stdout, NULL, _IONBF, 0) == 0, "unbuffered");
    printf("none: a");
    direct("2");
    printf("b\n");

    check(setvbuf(stdout, mine, _IOFBF, sizeof(mine)) == 0, "a buffer of the program's");
    printf("full: a\nb");
    direct("3");
    fflush(stdout);
    direct("\n");
    check(strncmp(mine, "full: a\nb", 9) == 0, "the program's buffer is used");

    check(setvbuf(stdout, NULL, _IOFBF, 1000) == 0, "a large buffer");
    for (int i = 0; i < 600; i++)
        putchar('x');
    direct("4\n");
    fflush(NULL);
    direct("\n");

    setlinebuf(stdout);
    printf("prompt? ");
    getchar();
    direct("5\n");

    printf("out ");
    fprintf(stderr, "err ");
    printf("out\n");
    check(setvbuf(stdout, NULL, 99, 10) != 0, "an unknown mode is refused");
    check_stderr();
    check(fileno(stdin) == 0 && fileno(stdout) == 1 && fileno(stderr) == 2, "fileno");
    return failures;
}
