/* A PC, also QEMU's q35, pc and microvm: what is on it is asked of the loader and of ACPI. */
#include <board.h>

#include <arch/mmu.h>
#include <arch/smp.h>
#include <apic.h>
#include <core/boot_info.h>
#include <core/map.h>
#include <drivers/acpi.h>
#include <drivers/pc_boot_info.h>
#include <drivers/reference_clock.h>
#include <drivers/screen.h>
#include <drivers/uart.h>
#include <drivers/wait.h>
#include <kiln/irq.h>
#include <errno.h>
#include <irq_controller.h>
#include <kiln/panic.h>
#include <kiln/time.h>
#include <x86_64/cpu_entry.h>
#include <x86_64/lapic.h>
#include <x86_64/port.h>
#include <x86_64/triple_fault.h>

/* The first serial port's registers, clock and ISA interrupt. */
#define UART          0x3F8
#define UART_CLOCK_HZ 1843200
#define UART_IRQ      4

/* What every PC has had since the PC/AT: the chipset's reset control register (Intel ICH9
 * datasheet, 13.7.5), and the keyboard controller's reset pulse. */
#define RESET_CONTROL         0xCF9
#define RESET_CONTROL_FULL    0x0A
#define RESET_CONTROL_NOW     0x04
#define KEYBOARD_COMMAND      0x64
#define KEYBOARD_PULSE_RESET  0xFE

#define CPU_WAIT_MICROSECONDS 100000

/* The I/O APICs' and the local APIC's default places. */
static const struct board_range devices[] = {{0xFEC00000, 0x400000}};

const struct board_facts board_facts = {
    .name = "pc",
    .devices = devices,
    .device_count = sizeof(devices) / sizeof(devices[0]),
    .boot_window = {0, 0xA0000}, /* the BIOS's data, and what loaders tell */
    .alarm_irq = 220,
};

const struct kiln_dma_device board_dma = KILN_DMA_COHERENT;

/* C1, with its usual times; deeper states need ACPI. */
const struct kiln_idle_state board_idle_states[] = {
    {"spin", 0, 0, KILN_IDLE_SPIN},
    {"hlt", 2000, 4000, KILN_IDLE_WAIT},
};
const unsigned board_idle_state_count = sizeof(board_idle_states) / sizeof(board_idle_states[0]);

static uintptr_t uart; /* 0: there is none */
static uint32_t boot_apic_id;

size_t board_firmware_data_bytes(uintptr_t boot_argument)
{
    return pc_boot_info_bytes(boot_argument);
}

static void choose_screen(const struct pc_boot_info *info)
{
    if (info->framebuffer.bits_per_pixel)
        screen_set_framebuffer(&info->framebuffer);
    else if (info->has_text_screen)
        screen_set_text();
}

void board_early_init(uintptr_t boot_argument)
{
    struct pc_boot_info info;

    if (ns16550_init(UART, UART_CLOCK_HZ))
        uart = UART;
    if (pc_boot_info_apply(boot_argument, &info))
        kiln_panic("the boot loader has told no usable memory map");
    acpi_set_root(info.rsdp);
    boot_apic_id = lapic_id();
    boot_cpu_count_set(IRQ_CPUS); /* ACPI cannot be read yet */
    boot_memory_reserve(CPU_ENTRY_PAGE, ARCH_PAGE_BYTES);
    if (KILN_CONFIG_SCREEN)
        choose_screen(&info);
}

void board_write(const char *text, size_t bytes)
{
    ns16550_write(uart, text, bytes);
    if (KILN_CONFIG_SCREEN)
        screen_write(text, bytes);
}

int board_console_input_start(void (*received)(void *unused))
{
    int error = kiln_irq_attach(UART_IRQ, received, NULL);

    if (!error)
        ns16550_input_ops.interrupt(uart, true);
    return error;
}

size_t board_console_input_take(uint8_t *bytes, size_t room, unsigned *lost)
{
    return ns16550_input_ops.receive(uart, bytes, room, lost);
}

void board_console_input_hold(bool hold)
{
    ns16550_input_ops.interrupt(uart, !hold);
}

void board_apic_topology(struct apic_topology *topology)
{
    acpi_read_topology(topology, boot_apic_id);
    for (unsigned n = 0; n < topology->io_apic_count; n++)
        if (core_map_device(topology->io_apics[n].base, ARCH_PAGE_BYTES, ARCH_MAP_DEVICE))
            kiln_panic("the I/O APIC at 0x%zx cannot be mapped", topology->io_apics[n].base);
}

uint32_t board_reference_clock(struct board_reference *reference)
{
    return pc_reference_clock(reference);
}

/* The first call, on the boot CPU, reads ACPI's tables. */
int board_cpu_gather(unsigned cpu)
{
    static struct apic_topology topology;

    if (topology.cpu_count == 0)
        board_apic_topology(&topology);
    if (cpu >= topology.cpu_count)
        return -ENODEV;
    cpu_entry_expect(cpu);
    lapic_start_cpu(topology.cpu_apic_ids[cpu], arch_cpu_entry_address());
    for (unsigned wait = 0; wait < CPU_WAIT_MICROSECONDS && cpu_entry_is_waiting(); wait += 10)
        kiln_delay_for(KILN_MICROSECONDS(10));
    return cpu_entry_give_up() ? -ENODEV : 0;
}

/* They wait for an interrupt that starts them until they are gathered. */
void board_cpus_park(unsigned first)
{
    (void)first;
}

/* The CPU has its own, if any. */
uint64_t board_entropy(void)
{
    return 0;
}

static void reset_by_ports(void)
{
    port_write8(RESET_CONTROL, RESET_CONTROL_FULL);
    port_write8(RESET_CONTROL, RESET_CONTROL_FULL | RESET_CONTROL_NOW);
    port_write8(KEYBOARD_COMMAND, KEYBOARD_PULSE_RESET);
}

void board_reset(void)
{
    ns16550_drain(uart);
    acpi_reset();
    reset_by_ports();
    cpu_triple_fault();
}

void board_power_off(void)
{
    ns16550_drain(uart);
    acpi_power_off();
}
