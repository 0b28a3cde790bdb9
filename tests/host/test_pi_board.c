/*
 * What a Pi's board does with the answers of firmwares that QEMU does not have: clocks that are
 * raised and that move the UART's, every memory size, either UART on the pins, a dead mailbox.
 */
#include <arch/mmio.h>
#include <board.h>
#include <core/boot_info.h>
#include <drivers/firmware_tree.h>
#include <drivers/gpio.h>
#include <drivers/mailbox.h>
#include <drivers/pi_board.h>
#include <drivers/pm.h>
#include <drivers/uart.h>
#include <errno.h>
#include <kiln/irq.h>
#include <string.h>
#include "test.h"

#define BASE         ((uintptr_t)KILN_BCM2835_BASE)
#define PM           (BASE + 0x100000)
#define PL011        (BASE + 0x201000)
#define AUX          (BASE + 0x215000)
#define PIN_REGISTER (BASE + 0x200004)
#define PINS(of)     ((of) << 12 | (of) << 15)
#define OTHER_PINS   0x00000924u

/* The machine. */
static struct {
    bool mailbox_is_dead, has_tree;
    uint32_t memory_bytes, uart_hz, core_hz, raised_core_hz, arm_hz, arm_max_hz, revision;
    uint32_t pins;
} machine;

/* What the board did. */
static struct {
    char order[16]; /* m: inquiry, d: drain, r: raise, p: pull-up, f: function, i: setup */
    uintptr_t init_base;
    uint32_t init_hz;
    uint32_t raised_to;
    uint32_t cpus;
    struct boot_range memory[4];
    unsigned memory_count;
    unsigned irq;
    bool input_is_on;
} seen;

static void note(char what)
{
    seen.order[strlen(seen.order)] = what;
}

static uint32_t clock_rate(uint32_t clock)
{
    switch (clock) {
    case MAILBOX_CLOCK_UART:
        return machine.uart_hz;
    case MAILBOX_CLOCK_CORE:
        return seen.raised_to ? machine.raised_core_hz : machine.core_hz;
    case MAILBOX_CLOCK_ARM:
        return seen.raised_to ? seen.raised_to : machine.arm_hz;
    default:
        return 0;
    }
}

static void answer(uint32_t tag, uint32_t *value)
{
    switch (tag) {
    case MAILBOX_ARM_MEMORY:
        value[0] = 0;
        value[1] = machine.memory_bytes;
        break;
    case MAILBOX_BOARD_REVISION:
        value[0] = machine.revision;
        break;
    case MAILBOX_CLOCK_RATE:
        value[1] = clock_rate(value[0]);
        break;
    case MAILBOX_CLOCK_MAX:
        value[1] = machine.arm_max_hz;
        break;
    case MAILBOX_CLOCK_SET:
        TAP_EQUAL(value[0], MAILBOX_CLOCK_ARM);
        seen.raised_to = value[1];
        break;
    default:
        tap_check(false, "the tag is a known one");
    }
}

/* A VideoCore that minds the message's form. */
bool mailbox_call(uintptr_t base, uint32_t *message)
{
    uint32_t words = message[0] / 4, at = 2;

    TAP_EQUAL(base, BASE + MAILBOX_OFFSET);
    TAP_EQUAL((uintptr_t)message % MAILBOX_ALIGN, 0);
    TAP_EQUAL(message[0] % MAILBOX_ALIGN, 0);
    if (machine.mailbox_is_dead)
        return false;
    note(message[2] == MAILBOX_CLOCK_SET ? 'r' : 'm');
    while (at < words && message[at] != MAILBOX_END) {
        TAP_CHECK(at + 3 + message[at + 1] / 4 < words);
        answer(message[at], &message[at + 3]);
        at += 3 + message[at + 1] / 4;
    }
    TAP_CHECK(at < words);
    return true;
}

uint32_t fake_read32(uintptr_t address)
{
    TAP_EQUAL(address, PIN_REGISTER);
    return machine.pins;
}

void fake_write32(uintptr_t address, uint32_t value)
{
    TAP_EQUAL(address, PIN_REGISTER);
    machine.pins = value;
    note('f');
}

static void uart_setup(uintptr_t base, uint32_t clock_hz)
{
    seen.init_base = base;
    seen.init_hz = clock_hz;
    note('i');
}

void uart_write(const struct uart *uart, uintptr_t base, const char *text, size_t bytes)
{
    (void)text;
    (void)bytes;
    TAP_CHECK(uart == (base == AUX ? &miniuart : &pl011));
    note(base == AUX ? 'a' : 'l');
}

void uart_drain(const struct uart *uart, uintptr_t base)
{
    TAP_CHECK(uart == (base == AUX ? &miniuart : &pl011));
    note('d');
}

static size_t uart_receive(uintptr_t base, uint8_t *bytes, size_t room, unsigned *lost)
{
    (void)lost;
    bytes[0] = base == AUX ? 'm' : 'p';
    return room > 0;
}

static void uart_interrupt(uintptr_t base, bool enable)
{
    TAP_EQUAL(base, seen.init_base);
    seen.input_is_on = enable;
}

const struct uart pl011 = {.setup = uart_setup};
const struct uart miniuart = {.setup = uart_setup};
const struct uart_input_ops pl011_input_ops = {uart_receive, uart_interrupt};
const struct uart_input_ops miniuart_input_ops = {uart_receive, uart_interrupt};

void gpio_pull_up(uintptr_t base, unsigned pin)
{
    TAP_EQUAL(base, BASE + 0x200000);
    TAP_EQUAL(pin, 15);
    note('p');
}

/* As core's, which leaves out an empty range. */
void boot_memory_add(uintptr_t base, size_t bytes)
{
    if (bytes && seen.memory_count < 4)
        seen.memory[seen.memory_count++] = (struct boot_range){base, base + bytes};
}

void boot_arguments_set(const char *text, size_t bytes)
{
    (void)text;
    (void)bytes;
    tap_check(false, "there are no arguments");
}

void boot_cpu_count_set(unsigned count)
{
    seen.cpus = count;
}

int firmware_tree_apply(uintptr_t address, struct device_tree_info *info)
{
    TAP_EQUAL(address, 0x2EFF0000);
    if (!machine.has_tree)
        return -EINVAL;
    info->seed = 77;
    return 0;
}

int kiln_irq_attach(unsigned irq, kiln_irq_handler_t handler, void *argument)
{
    (void)handler;
    (void)argument;
    seen.irq = irq;
    return irq == 153 && machine.revision == 1 ? -EBUSY : 0;
}

void pm_restart(uintptr_t base, uint32_t partition)
{
    TAP_EQUAL(base, PM);
    note(partition == PM_HALT ? 'O' : 'R');
}

uintptr_t arch_cpu_entry_address(void)
{
    return 0;
}

uintptr_t arch_cpu_park_address(void)
{
    return 0;
}

/* A Pi 4 with 8 GiB as firmware leaves it: mini-UART on the pins, slow clocks. */
static void start_machine(void)
{
    memset(&seen, 0, sizeof(seen));
    memset(&machine, 0, sizeof(machine));
    machine.memory_bytes = 0x3B400000;
    machine.uart_hz = 48000000;
    machine.core_hz = 200000000;
    machine.raised_core_hz = 500000000;
    machine.arm_hz = 600000000;
    machine.arm_max_hz = 1500000000;
    machine.revision = 0xD03114;
    machine.pins = OTHER_PINS | PINS(GPIO_ALT5);
}

static void test_miniuart(void)
{
    start_machine();
    board_early_init(0);
    TAP_CHECK(strcmp(seen.order, "mdrffdi") == 0);
    TAP_EQUAL(seen.raised_to, 1500000000);
    TAP_EQUAL(seen.init_base, AUX);
    TAP_EQUAL(seen.init_hz, 500000000);
    TAP_EQUAL(seen.cpus, 4);
    TAP_EQUAL(machine.pins, OTHER_PINS | PINS(GPIO_ALT5));
    TAP_EQUAL(pi_tree_seed(), 0);
}

static void test_pl011(void)
{
    start_machine();
    machine.pins = OTHER_PINS | PINS(GPIO_ALT0);
    machine.arm_hz = machine.arm_max_hz;
    board_early_init(0);
    TAP_CHECK(strcmp(seen.order, "mffdi") == 0);
    TAP_EQUAL(seen.init_base, PL011);
    TAP_EQUAL(seen.init_hz, 48000000);
}

/* Neither is on the pins: the PL011 is put there, and the neighbours stay. */
static void test_free_pins(void)
{
    start_machine();
    machine.pins = OTHER_PINS;
    board_early_init(0);
    TAP_CHECK(strcmp(seen.order, "mdrffdi") == 0);
    TAP_EQUAL(seen.init_base, PL011);
    TAP_EQUAL(machine.pins, OTHER_PINS | PINS(GPIO_ALT0));
}

static bool has_memory(unsigned index, uintptr_t start, uintptr_t end)
{
    return seen.memory_count > index && seen.memory[index].start == start &&
           seen.memory[index].end == end;
}

/* Revision codes of 1, 2, 4 and 8 GiB; and an old one, which tells no size. */
static void test_memory(void)
{
    static const struct {
        uint32_t revision;
        uintptr_t end;
    } sizes[] = {{0xA03111, 0},
                 {0xB03112, 0x80000000},
                 {0xC03112, 0xFC000000},
                 {0xD03114, 0xFC000000},
                 {0x000010, 0}};

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        start_machine();
        machine.revision = sizes[i].revision;
        board_early_init(0);
        TAP_CHECK(has_memory(0, 0, machine.memory_bytes));
        TAP_EQUAL(seen.memory_count, sizes[i].end ? 2 : 1);
        TAP_CHECK(!sizes[i].end || has_memory(1, 0x40000000, sizes[i].end));
    }
}

static void test_tree(void)
{
    start_machine();
    machine.has_tree = true;
    board_early_init(0x2EFF0000);
    TAP_EQUAL(seen.memory_count, 0);
    TAP_EQUAL(pi_tree_seed(), 77);
    TAP_EQUAL(seen.init_hz, 500000000);

    start_machine();
    board_early_init(0x2EFF0000);
    TAP_EQUAL(seen.memory_count, 2);
}

/* The first test: the board has heard nothing from an earlier one. */
static void test_dead_mailbox(void)
{
    start_machine();
    machine.mailbox_is_dead = true;
    board_early_init(0);
    TAP_CHECK(strcmp(seen.order, "ffdi") == 0);
    TAP_EQUAL(seen.init_base, AUX);
    TAP_EQUAL(seen.init_hz, 0);
    TAP_EQUAL(seen.memory_count, 0);
}

static void test_input(uint32_t function, unsigned irq, uint8_t byte)
{
    uint8_t got = 0;
    unsigned lost = 0;

    start_machine();
    machine.pins = OTHER_PINS | PINS(function);
    board_early_init(0);
    TAP_CHECK(!strchr(seen.order, 'p'));
    TAP_EQUAL(board_console_input_start(NULL), 0);
    TAP_EQUAL(seen.order[strlen(seen.order) - 1], 'p');
    TAP_EQUAL(seen.irq, irq);
    TAP_CHECK(seen.input_is_on);
    TAP_EQUAL(board_console_input_take(&got, 1, &lost), 1);
    TAP_EQUAL(got, byte);
    board_console_input_hold(true);
    TAP_CHECK(!seen.input_is_on);
    board_console_input_hold(false);
    TAP_CHECK(seen.input_is_on);
}

static void test_busy_interrupt(void)
{
    start_machine();
    machine.pins = OTHER_PINS | PINS(GPIO_ALT0);
    machine.revision = 1;
    board_early_init(0);
    TAP_EQUAL(board_console_input_start(NULL), -EBUSY);
    TAP_CHECK(!seen.input_is_on);
}

static void test_leaving(void)
{
    start_machine();
    board_early_init(0);
    memset(seen.order, 0, sizeof(seen.order));
    board_putc('x');
    board_reset();
    board_power_off();
    TAP_CHECK(strcmp(seen.order, "adRdO") == 0);
}

int main(void)
{
    test_dead_mailbox();
    test_miniuart();
    test_pl011();
    test_free_pins();
    test_memory();
    test_tree();
    test_input(GPIO_ALT0, 153, 'p');
    test_input(GPIO_ALT5, 125, 'm');
    test_busy_interrupt();
    test_leaving();
    return tap_done();
}
