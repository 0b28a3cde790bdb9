/* A panic's message has all its arguments, those in registers and those on the stack. */
#include <kiln.h>

int main(void)
{
    kiln_panic("%d %s %lx %u, %zu %c %d|%s|%d %ld", 1, "two", 3l, 4u, (size_t)5, '6', 7, "eight", 9,
               -10l);
}
