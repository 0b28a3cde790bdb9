/* Powering off ends QEMU with status 0; what comes after it would be status 1. */
#include <drivers/pm.h>
#include <drivers/psci.h>
#include <kiln.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    const char *board = kiln_board_name();

    printf("powering off\n");
    if (strcmp(board, "virt-aarch64") == 0)
        psci_system_off(false);
    else
        pm_restart(strcmp(board, "raspi4") == 0 ? 0xFE100000 : 0x3F100000, PM_HALT);
    kiln_sleep_for(1000000000);
    printf("still on\n");
    return 1;
}
