/* What a failed assert() calls. */
#include <assert.h>
#include <kiln/panic.h>

_Noreturn void __assert_func(const char *file, int line, const char *function,
                             const char *expression)
{
    kiln_assert_failed(expression, file, line, function);
}
