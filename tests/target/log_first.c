/* The log's line is the first output there is: it starts the console, and nothing of it is lost. */
#include <kiln.h>

int main(void)
{
    kiln_log_error("the first line of %d", 1);
    return 3;
}
