/* Says where it runs and what it was started with. */
#include <stdio.h>
#include <kiln.h>

int main(int argc, char **argv)
{
    printf("started on %s\n", kiln_board_name());
    printf("%zu MiB of RAM\n", kiln_ram_bytes() >> 20);
    for (int i = 1; i < argc; i++)
        printf("argument %d: %s\n", i, argv[i]);
    return 0;
}
