#include <drivers/pi_board.h>

#include <arch/cache.h>
#include <arch/mmio.h>
#include <arch/smp.h>
#include <arch/spin.h>
#include <board.h>
#include <core/boot_info.h>
#include <drivers/atags.h>
#include <drivers/firmware_tree.h>
#include <drivers/gpio.h>
#include <drivers/mailbox.h>
#include <drivers/pm.h>
#include <drivers/uart.h>
#include <errno.h>
#include <kiln/irq.h>
#include <lib/fdt.h>

#define PERIPHERALS ((uintptr_t)KILN_BCM2835_BASE)
#define GPIO        (PERIPHERALS + 0x200000)
#define PL011       (PERIPHERALS + 0x201000)
#define AUX         (PERIPHERALS + 0x215000)
#define PIN_OUTPUT  14
#define PIN_INPUT   15
#define PAGE_0_SIZE 0x1000

/* The 64-bit stub of the firmware: CPU n jumps to the address that it finds at 0xD8 + 8 n. */
#define SPIN_TABLE 0xD8

/* "Raspberry Pi revision codes": new style, and the memory as a power of two times 256 MiB. */
#define REVISION_NEW_STYLE    (1u << 23)
#define REVISION_MEMORY(code) ((size_t)(256u << 20) << ((code) >> 20 & 7))
#define LOW_MEMORY_END        0x40000000u

#define CLOCK_TAG(tag, clock) (tag), 8, 0, (clock), 0

/* Places of answers in the messages below. */
enum {
    ANSWER_MEMORY_BASE = 5,
    ANSWER_MEMORY_BYTES = 6,
    ANSWER_UART_HZ = 11,
    ANSWER_CORE_HZ = 16,
    ANSWER_ARM_HZ = 21,
    ANSWER_ARM_MAX_HZ = 26,
    ANSWER_REVISION = 30
};
enum { RAISE_HZ = 6, RAISE_CORE_HZ = 12 };

static uint32_t inquiry[2 * MAILBOX_WORDS]
    __attribute__((aligned(MAILBOX_ALIGN))) = {sizeof(inquiry),
                                               MAILBOX_REQUEST,
                                               MAILBOX_ARM_MEMORY,
                                               8,
                                               0,
                                               0,
                                               0,
                                               CLOCK_TAG(MAILBOX_CLOCK_RATE, MAILBOX_CLOCK_UART),
                                               CLOCK_TAG(MAILBOX_CLOCK_RATE, MAILBOX_CLOCK_CORE),
                                               CLOCK_TAG(MAILBOX_CLOCK_RATE, MAILBOX_CLOCK_ARM),
                                               CLOCK_TAG(MAILBOX_CLOCK_MAX, MAILBOX_CLOCK_ARM),
                                               MAILBOX_BOARD_REVISION,
                                               4,
                                               0,
                                               0,
                                               MAILBOX_END};

/* The core clock may follow the ARM's: the second tag asks for it again. */
static uint32_t raise[MAILBOX_WORDS]
    __attribute__((aligned(MAILBOX_ALIGN))) = {sizeof(raise),
                                               MAILBOX_REQUEST,
                                               MAILBOX_CLOCK_SET,
                                               12,
                                               0,
                                               MAILBOX_CLOCK_ARM,
                                               0,
                                               0,
                                               CLOCK_TAG(MAILBOX_CLOCK_RATE, MAILBOX_CLOCK_CORE),
                                               MAILBOX_END};

struct console {
    const struct uart_ops *uart;
    uintptr_t base;
    enum gpio_function function; /* of both pins */
};

static const struct console consoles[2] = {
    {&pl011_ops, PL011, GPIO_ALT0},
    {&miniuart_ops, AUX, GPIO_ALT5},
};

static uint8_t chosen_console;
static uint64_t tree_seed;

/* Any value of the variable gives a console: a panic may find it overwritten. */
static unsigned console_number(void)
{
    if (KILN_CONFIG_CONSOLE_UART)
        return KILN_CONFIG_CONSOLE_UART - 1;
    return chosen_console & 1;
}

static void console_drain(void)
{
    const struct console *console = &consoles[console_number()];

    console->uart->drain(console->base);
}

static void console_pins(enum gpio_function function)
{
    if (gpio_function(GPIO, PIN_OUTPUT) == function && gpio_function(GPIO, PIN_INPUT) == function)
        return;
    gpio_function_set(GPIO, PIN_OUTPUT, function);
    gpio_function_set(GPIO, PIN_INPUT, function);
}

static void console_init(uint32_t uart_hz, uint32_t core_hz)
{
    const struct console *console = &consoles[console_number()];

    console_pins(console->function);
    console->uart->init(console->base, console->base == AUX ? core_hz : uart_hz, KILN_CONFIG_BAUD);
}

/* Firmware starts bare metal at the lowest clock. What it has printed goes out at the old one. */
static void raise_arm_clock(void)
{
    if (inquiry[ANSWER_ARM_HZ] >= inquiry[ANSWER_ARM_MAX_HZ])
        return;
    console_drain();
    raise[RAISE_HZ] = inquiry[ANSWER_ARM_MAX_HZ];
    if (mailbox_call(PERIPHERALS, raise) == 0)
        inquiry[ANSWER_CORE_HZ] = raise[RAISE_CORE_HZ];
}

/* The VideoCore tells the memory below 1 GiB only. */
static void add_mailbox_memory(void)
{
    uint32_t revision = inquiry[ANSWER_REVISION];

    boot_memory_add(inquiry[ANSWER_MEMORY_BASE], inquiry[ANSWER_MEMORY_BYTES]);
    if (pi_facts.memory_end > LOW_MEMORY_END && (revision & REVISION_NEW_STYLE)) {
        size_t end = REVISION_MEMORY(revision);

        if (end > pi_facts.memory_end)
            end = pi_facts.memory_end;
        if (end > LOW_MEMORY_END)
            boot_memory_add(LOW_MEMORY_END, end - LOW_MEMORY_END);
    }
}

static void read_atags(uintptr_t address, bool has_inquiry)
{
    struct atags atags;

    if (!address || address >= PAGE_0_SIZE ||
        !atags_read((const void *)address, PAGE_0_SIZE - address, &atags))
        return;
    boot_arguments_set(atags.arguments, atags.arguments_bytes);
    if (!has_inquiry)
        boot_memory_add(atags.memory_base, atags.memory_bytes);
}

void board_early_init(uintptr_t boot_argument)
{
    struct device_tree_info info;
    bool has_inquiry = mailbox_call(PERIPHERALS, inquiry) == 0;

    chosen_console = gpio_function(GPIO, PIN_OUTPUT) == GPIO_ALT5;
    if (has_inquiry) {
        raise_arm_clock();
        console_init(inquiry[ANSWER_UART_HZ], inquiry[ANSWER_CORE_HZ]);
    } else {
        console_init(0, 0);
    }
    boot_cpu_count_set(pi_facts.cpu_count);
    if (boot_argument >= PAGE_0_SIZE && firmware_tree_apply(boot_argument, &info) == 0) {
        tree_seed = info.seed;
        return;
    }
    if (has_inquiry)
        add_mailbox_memory();
    read_atags(boot_argument, has_inquiry);
}

uint64_t pi_tree_seed(void)
{
    return tree_seed;
}

void board_write(const char *text, size_t bytes)
{
    const struct console *console = &consoles[console_number()];

    console->uart->write(console->base, text, bytes);
}

static const struct uart_input_ops *const inputs[2] = {&pl011_input_ops, &miniuart_input_ops};

int board_console_input_start(void (*received)(void *unused))
{
    uint32_t irq = console_number() ? pi_facts.miniuart_irq : pi_facts.pl011_irq;
    int error;

    /* Nothing at the other end must not read as input. */
    pi_facts.gpio_pull_up(GPIO, PIN_INPUT);
    error = kiln_irq_attach(irq, received, NULL);
    if (!error)
        board_console_input_hold(false);
    return error;
}

size_t board_console_input_take(uint8_t *bytes, size_t room, unsigned *lost)
{
    unsigned number = console_number();

    return inputs[number]->receive(consoles[number].base, bytes, room, lost);
}

void board_console_input_hold(bool hold)
{
    unsigned number = console_number();

    inputs[number]->interrupt(consoles[number].base, !hold);
}

static uintptr_t spin_slot(unsigned cpu)
{
    return SPIN_TABLE + 8 * cpu;
}

int board_cpu_gather(unsigned cpu)
{
    if (cpu >= pi_facts.cpu_count)
        return -ENODEV;
    mmio_write64(spin_slot(cpu), arch_cpu_entry_address());
    arch_cache_clean_invalidate((void *)spin_slot(cpu), 8);
    arch_spin_wake();
    return 0;
}

void board_cpus_park(unsigned first)
{
    uintptr_t address = arch_cpu_park_address();

    for (unsigned cpu = first; cpu < pi_facts.cpu_count; cpu++)
        mmio_write64(spin_slot(cpu), address);
    arch_cache_clean_invalidate((void *)spin_slot(0), 8 * pi_facts.cpu_count);
    arch_spin_wake();
}

void board_reset(void)
{
    console_drain();
    pm_reset(PERIPHERALS);
}

void board_power_off(void)
{
    console_drain();
    pm_power_off(PERIPHERALS);
}
