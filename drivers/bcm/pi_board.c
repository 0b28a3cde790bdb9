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
#define MAILBOX     (PERIPHERALS + MAILBOX_OFFSET)
#define PM          (PERIPHERALS + 0x100000)
#define GPIO        (PERIPHERALS + 0x200000)
#define PL011       (PERIPHERALS + 0x201000)
#define AUX         (PERIPHERALS + 0x215000)
#define PIN_OUTPUT  14
#define PIN_INPUT   15
#define CPU_COUNT   4
#define PAGE_0_SIZE 0x1000

/* The 64-bit stub of the firmware: CPU n jumps to the address that it finds at 0xD8 + 8 n. */
#define SPIN_TABLE 0xD8

/* "Raspberry Pi revision codes": new style, and the memory as a power of two times 256 MiB. */
#define REVISION_NEW_STYLE    (1u << 23)
#define REVISION_MEMORY(code) ((size_t)(256u << 20) << ((code) >> 20 & 7))
#define LOW_MEMORY_END        0x40000000u

/* What one message asks. The first question comes again as an order: see raise_arm_clock. */
enum { ARM_MAX_HZ, MEMORY, UART_HZ, CORE_HZ, ARM_HZ, REVISION, QUESTIONS };

/* In the same order: numbers of tags, above them the clock that is meant. */
#define CLOCK(tag, clock) ((tag) | (clock) << 24)
static const uint32_t questions[QUESTIONS] = {
    CLOCK(MAILBOX_CLOCK_MAX, MAILBOX_CLOCK_ARM),   MAILBOX_ARM_MEMORY,
    CLOCK(MAILBOX_CLOCK_RATE, MAILBOX_CLOCK_UART), CLOCK(MAILBOX_CLOCK_RATE, MAILBOX_CLOCK_CORE),
    CLOCK(MAILBOX_CLOCK_RATE, MAILBOX_CLOCK_ARM),  MAILBOX_BOARD_REVISION,
};

/* All tags have the size of the largest value. What nobody has answered stays 0. */
static struct __attribute__((aligned(MAILBOX_ALIGN))) {
    uint32_t bytes, request;
    struct {
        uint32_t tag, value_bytes, state;
        uint32_t value[3]; /* clock, rate; or base, bytes; or revision */
    } tags[QUESTIONS];
    uint32_t end;
} message;

/* In the order of what drives them: UART_HZ, CORE_HZ. */
static const struct console {
    const struct uart *uart;
    uint32_t base;
    uint32_t function; /* of both pins */
} consoles[2] = {
    {&pl011, PL011, GPIO_ALT0},
    {&miniuart, AUX, GPIO_ALT5},
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

static const struct console *console(void)
{
    return &consoles[console_number()];
}

static void console_drain(void)
{
    uart_drain(console()->uart, console()->base);
}

static void console_init(void)
{
    unsigned number = console_number();
    const struct console *console = &consoles[number];

    gpio_function_set(GPIO, PIN_OUTPUT, console->function);
    gpio_function_set(GPIO, PIN_INPUT, console->function);
    uart_init(console->uart, console->base, message.tags[UART_HZ + number].value[1]);
}

/* Leaves the rate in the first tag's value as it is. */
static void ask_firmware(uint32_t first_tag)
{
    message.bytes = sizeof(message);
    message.request = MAILBOX_REQUEST;
    for (unsigned i = 0; i < QUESTIONS; i++) {
        message.tags[i].tag = questions[i] & 0xFFFFFF;
        message.tags[i].value_bytes = sizeof(message.tags[i].value);
        message.tags[i].state = MAILBOX_REQUEST;
        message.tags[i].value[0] = questions[i] >> 24;
    }
    message.tags[0].tag = first_tag;
    mailbox_call(MAILBOX, &message.bytes);
}

/*
 * Firmware starts bare metal at the lowest clock. What it has printed goes out at the old one. The
 * maximum, which has just been answered, is the value of the order; the core clock may follow the
 * ARM's, so that it is asked for behind it.
 */
static void raise_arm_clock(void)
{
    if (message.tags[ARM_HZ].value[1] < message.tags[ARM_MAX_HZ].value[1]) {
        console_drain();
        ask_firmware(MAILBOX_CLOCK_SET);
    }
}

/* The VideoCore tells the memory below 1 GiB only. */
static void add_high_memory(uint32_t revision)
{
    size_t end = REVISION_MEMORY(revision);

    if (end > KILN_PI_MEMORY_END)
        end = KILN_PI_MEMORY_END;
    if ((revision & REVISION_NEW_STYLE) && end > LOW_MEMORY_END)
        boot_memory_add(LOW_MEMORY_END, end - LOW_MEMORY_END);
}

static void add_mailbox_memory(void)
{
    boot_memory_add(message.tags[MEMORY].value[0], message.tags[MEMORY].value[1]);
    if (KILN_PI_MEMORY_END > LOW_MEMORY_END)
        add_high_memory(message.tags[REVISION].value[0]);
}

static void read_atags(const uint32_t *list)
{
    size_t room = PAGE_0_SIZE - (uintptr_t)list;
    const uint32_t *value;
    size_t bytes;

    if (!message.tags[MEMORY].value[1]) {
        value = atags_find(list, room, ATAG_MEMORY, &bytes);
        if (bytes >= 8)
            boot_memory_add(value[1], value[0]);
    }
    value = atags_find(list, room, ATAG_COMMAND_LINE, &bytes);
    boot_arguments_set((const char *)value, bytes);
}

void board_early_init(uintptr_t boot_argument)
{
    struct device_tree_info info;

    ask_firmware(MAILBOX_CLOCK_MAX);
    chosen_console = gpio_function(GPIO, PIN_OUTPUT) == GPIO_ALT5;
    raise_arm_clock();
    console_init();
    boot_cpu_count_set(CPU_COUNT);
    if (boot_argument >= PAGE_0_SIZE && firmware_tree_apply(boot_argument, &info) == 0) {
        tree_seed = info.seed;
        return;
    }
    add_mailbox_memory();
    if (boot_argument && boot_argument < PAGE_0_SIZE)
        read_atags((const uint32_t *)boot_argument);
}

uint64_t pi_tree_seed(void)
{
    return tree_seed;
}

void board_write(const char *text, size_t bytes)
{
    uart_write(console()->uart, console()->base, text, bytes);
}

static const struct uart_input_ops *const inputs[2] = {&pl011_input_ops, &miniuart_input_ops};

/* VideoCore interrupts: AUX's is shared with SPI 1 and 2. */
static const uint8_t irqs[2] = {57, 29};

int board_console_input_start(void (*received)(void *unused))
{
    uint32_t irq = KILN_BCM2835_IRQ + irqs[console_number()];
    int error;

    /* Nothing at the other end must not read as input. */
    gpio_pull_up(GPIO, PIN_INPUT);
    error = kiln_irq_attach(irq, received, NULL);
    if (!error)
        board_console_input_hold(false);
    return error;
}

size_t board_console_input_take(uint8_t *bytes, size_t room, unsigned *lost)
{
    unsigned number = console_number();

    return inputs[number]->receive(console()->base, bytes, room, lost);
}

void board_console_input_hold(bool hold)
{
    unsigned number = console_number();

    inputs[number]->interrupt(console()->base, !hold);
}

static uintptr_t spin_slot(unsigned cpu)
{
    return SPIN_TABLE + 8 * cpu;
}

int board_cpu_gather(unsigned cpu)
{
    if (cpu >= CPU_COUNT)
        return -ENODEV;
    mmio_write64(spin_slot(cpu), arch_cpu_entry_address());
    arch_cache_clean_invalidate((void *)spin_slot(cpu), 8);
    arch_spin_wake();
    return 0;
}

void board_cpus_park(unsigned first)
{
    uintptr_t address = arch_cpu_park_address();

    for (unsigned cpu = first; cpu < CPU_COUNT; cpu++)
        mmio_write64(spin_slot(cpu), address);
    arch_cache_clean_invalidate((void *)spin_slot(0), 8 * CPU_COUNT);
    arch_spin_wake();
}

static void restart(uint32_t partition)
{
    console_drain();
    pm_restart(PM, partition);
}

void board_reset(void)
{
    restart(PM_START);
}

void board_power_off(void)
{
    restart(PM_HALT);
}
