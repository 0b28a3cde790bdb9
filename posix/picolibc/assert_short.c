/* The short form of a failed assert(). */
#include <assert.h>
#include <kiln/panic.h>

_Noreturn void __assert(const char *expression, const char *file, int line)
{
    kiln_assert_failed(expression, file, line, "?");
}
