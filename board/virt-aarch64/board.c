/* QEMU's machine "virt" (docs/system/arm/virt.rst; its addresses are in hw/arm/virt.c). */
#include <board.h>

#include <arch/mmu.h>
#include <arch/smp.h>
#include <core/boot_info.h>
#include <drivers/firmware_tree.h>
#include <drivers/psci.h>
#include <drivers/uart.h>
#include <kiln/irq.h>
#include <kiln/panic.h>

#define RAM_BASE      0x40000000
#define RAM_MINIMUM   0x08000000 /* what the machine has when nobody asks for more or less */
#define UART          0x09000000
#define UART_IRQ      33
#define UART_CLOCK_HZ 24000000

/* GIC and the devices up to the UART and the clock behind it. */
static const struct board_range devices[] = {{0x08000000, 0x1200000}};

const struct board_facts board_facts = {
    .name = "virt-aarch64",
    .devices = devices,
    .device_count = sizeof(devices) / sizeof(devices[0]),
    .default_device_tree = RAM_BASE, /* QEMU puts it there for an ELF */
    .alarm_irq = 27,
};

const struct kiln_dma_device board_dma = KILN_DMA_COHERENT;

/* QEMU has nothing deeper. The times are a Cortex-A53's, estimated. */
const struct kiln_idle_state board_idle_states[] = {
    {"spin", 0, 0, KILN_IDLE_SPIN},
    {"wfi", 1000, 2000, KILN_IDLE_WAIT},
};
const unsigned board_idle_state_count = sizeof(board_idle_states) / sizeof(board_idle_states[0]);

static bool psci_uses_smc;
static uint64_t tree_seed;

static void check_irq_controller(uint64_t facts)
{
    if (KILN_CONFIG_GIC == 2 && (facts & DEVICE_TREE_GICV3))
        kiln_panic("the machine has a GICv3, this image is for a GICv2: build with --config GIC=3");
    if (KILN_CONFIG_GIC == 3 && (facts & DEVICE_TREE_GICV2))
        kiln_panic("the machine has a GICv2, this image is for a GICv3: build with --config GIC=2");
}

void board_early_init(uintptr_t boot_argument)
{
    struct device_tree_info info;

    uart_init(&pl011, UART, UART_CLOCK_HZ);
    if (!boot_argument || firmware_tree_apply(boot_argument, &info) != 0) {
        boot_memory_add(RAM_BASE, RAM_MINIMUM);
        return;
    }
    tree_seed = info.seed;
    psci_uses_smc = info.facts & DEVICE_TREE_PSCI_SMC;
    check_irq_controller(info.facts);
}

void board_write(const char *text, size_t bytes)
{
    uart_write(&pl011, UART, text, bytes);
}

int board_console_input_start(void (*received)(void *unused))
{
    int error = kiln_irq_attach(UART_IRQ, received, NULL);

    if (!error)
        pl011_input_ops.interrupt(UART, true);
    return error;
}

size_t board_console_input_take(uint8_t *bytes, size_t room, unsigned *lost)
{
    return pl011_input_ops.receive(UART, bytes, room, lost);
}

void board_console_input_hold(bool hold)
{
    pl011_input_ops.interrupt(UART, !hold);
}

/* CPU n of the first eight has affinity n, with either GIC. */
int board_cpu_gather(unsigned cpu)
{
    return psci_cpu_on(psci_uses_smc, cpu, arch_cpu_entry_address());
}

/* They are off until gathered. */
void board_cpus_park(unsigned first)
{
    (void)first;
}

uint64_t board_entropy(void)
{
    return tree_seed;
}

void board_reset(void)
{
    uart_drain(&pl011, UART);
    psci_system_reset(psci_uses_smc);
}

void board_power_off(void)
{
    uart_drain(&pl011, UART);
    psci_system_off(psci_uses_smc);
}
