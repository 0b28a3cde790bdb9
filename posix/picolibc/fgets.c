/* fgets; the C library's loses a last line that has no newline. */
#include "../posix.h"

char *fgets(char *line, int size, FILE *file)
{
    int length = 0;

    while (length < size - 1) {
        int c = getc(file);

        if (c == EOF && (length == 0 || ferror(file)))
            return NULL;
        if (c == EOF)
            break;
        line[length++] = c;
        if (c == '\n')
            break;
    }
    if (size <= 0)
        return NULL;
    line[length] = 0;
    return line;
}
