/*
 * The PC's interrupt controllers and dispatch, over models of them; built once for each mode of the
 * local APIC. Interrupts arrive as they do at a CPU: by the vector, most urgent first.
 */
#include <errno.h>
#include "irq_support.h"
#include "apic_model.h"

#define OTHER_CPU 9u
#define LINE_ISA  4        /* edge, at its own input */
#define LINE_LOW  9        /* level, active low, at input 20 */
#define PCI       (24 + 3) /* second I/O APIC, input 3 */
#define SOFTWARE  150
#define SPURIOUS  255
#define ALARM     220

static struct io_apic *const io0 = &io_apics[0], *const io1 = &io_apics[1];

static bool are_vectors_open;

void vectors_open(void)
{
    are_vectors_open = true;
}

void board_apic_topology(struct apic_topology *topology)
{
    TAP_CHECK(are_vectors_open);
    *topology = (struct apic_topology){.cpu_count = 2,
                                       .cpu_apic_ids = {5, OTHER_CPU},
                                       .io_apic_count = 3,
                                       .io_apics = {{io0->base, 0}, {io1->base, 24}, {0, 0}}};
    topology->io_apics[2] = (struct apic_io_apic){io_apics[2].base, 48};
    for (unsigned irq = 0; irq < APIC_ISA_IRQS; irq++)
        topology->isa_irqs[irq].gsi = irq;
    topology->isa_irqs[0].gsi = 2;
    topology->isa_irqs[LINE_LOW] = (struct apic_isa_irq){20, true, true};
}

/* Firmware has left an input open, one waiting for its end, and an interrupt in service. */
static void build_machine(void)
{
    model_reset();
    *io0 = (struct io_apic){.base = 0xFEC00000, .inputs = 24};
    *io1 = (struct io_apic){.base = 0xFEC01000, .inputs = 8};
    io_apics[2] = (struct io_apic){.base = 0xFEC02000, .inputs = 100};
    io0->entries[7] = (uint64_t)5 << 56 | 0x30;
    io0->entries[20] = (uint64_t)5 << 56 | 0x8041;
    io0->waits[20] = true;
    for (unsigned input = 16; input < 24; input++)
        io0->lines[input] = true;
    for (unsigned input = 0; input < MOST_INPUTS; input++)
        io1->lines[input] = io_apics[2].lines[input] = true;
    cpu.in_service[0x41] = true;
    cpu.has_x2apic = cpu.is_hypervised = X2APIC;
}

/* Lets the CPU take what it takes; returns how many interrupts it took. */
static unsigned run_cpu(void)
{
    unsigned taken = 0;

    for (unsigned vector; taken < 50 && (vector = take_vector()) != 0; taken++) {
        irq_dispatch(vector, &running);
        if (running != IRQ_NONE)
            model_error("an interrupt keeps running");
    }
    return taken;
}

/* How often the handler runs now. */
static unsigned calls(void)
{
    handler_calls = 0;
    run_cpu();
    return handler_calls;
}

static void test_init(void)
{
    irq_controller_init();
    TAP_EQUAL(cpu.class, 15);
    for (unsigned n = 0; n < 2; n++) {
        TAP_EQUAL(pics[n].words[0], 0x11);
        TAP_EQUAL(pics[n].words[1] & 0xF8, 0xF8);
        TAP_EQUAL(pics[n].words[2], n ? 2 : 4);
        TAP_EQUAL(pics[n].words[3], 1);
        TAP_EQUAL(pics[n].mask, 0xFF);
    }
    pulse(io0, 7);
    TAP_EQUAL(run_cpu(), 0);
    irq_dispatch(SPURIOUS, &running);
    TAP_EQUAL(cpu.ends + handler_calls + log_lines, 0);
}

static void test_start(void)
{
    bool all_masked = true;

    TAP_EQUAL(kiln_irq_detach(IRQ_MOST), -EINVAL);
    for (unsigned n = 0; n < 3; n++)
        for (unsigned input = 0; input < io_apics[n].inputs; input++)
            all_masked &= io_apics[n].entries[input] >> 16 & 1 && !io_apics[n].waits[input];
    TAP_CHECK(all_masked);
    TAP_EQUAL(cpu.class, 0);
    TAP_CHECK(!is_anything_served());
    TAP_EQUAL(cpu.base >> 10 & 3, X2APIC ? 3 : 2);
    TAP_EQUAL(*lapic_register(LAPIC_SPURIOUS), 0x1FF);
    TAP_EQUAL(*lapic_register(LAPIC_LVT_LINT0), 0x10000);
    TAP_EQUAL(*lapic_register(LAPIC_LVT_LINT1), 0x400);
    /* What was on its way before is ended, and forgotten. */
    TAP_EQUAL(calls(), 0);
    TAP_CHECK(!is_anything_served());
    TAP_EQUAL(log_lines, 0);
}

static void test_edge(void)
{
    TAP_EQUAL(kiln_irq_attach(LINE_ISA, handle, (void *)4), 0);
    TAP_EQUAL(io0->entries[4], (uint64_t)5 << 56 | (LINE_ISA + 32));
    pulse(io0, 4);
    TAP_EQUAL(calls(), 1);
    TAP_EQUAL(handler_argument, 4);
    TAP_EQUAL(running_in_handler, LINE_ISA);
    TAP_CHECK(!is_anything_served());
    TAP_EQUAL(kiln_irq_attach(0, handle, NULL), 0);
    pulse(io0, 2);
    TAP_EQUAL(calls(), 1);
    TAP_EQUAL(running_in_handler, 0);
}

static void test_masked_edge(void)
{
    kiln_irq_mask(LINE_ISA);
    pulse(io0, 4);
    TAP_EQUAL(calls(), 0);
    pulse(io0, 4);
    TAP_EQUAL(calls(), 0);
    TAP_CHECK(!is_anything_served());
    kiln_irq_mask(LINE_ISA);
    kiln_irq_unmask(LINE_ISA);
    TAP_EQUAL(calls(), 1);
    kiln_irq_mask(LINE_ISA);
    kiln_irq_unmask(LINE_ISA);
    TAP_EQUAL(calls(), 0);
    pulse(io0, 4);
    kiln_irq_mask(LINE_ISA);
    TAP_EQUAL(calls(), 0);
    kiln_irq_unmask(LINE_ISA);
    TAP_EQUAL(calls(), 1);
    TAP_EQUAL(log_lines, 0);
}

static struct {
    struct io_apic *io;
    unsigned input;
    unsigned left; /* handlers that find it still there */
} device;

/* Silences its device, an active-low one, when it is its last call. */
static void serve_device(void *argument)
{
    handle(argument);
    if (device.left > 0 && --device.left == 0)
        set_line(device.io, device.input, true);
}

static void request(struct io_apic *io, unsigned input, unsigned handlers)
{
    device.io = io;
    device.input = input;
    device.left = handlers;
    set_line(io, input, false);
}

static void test_level(unsigned irq, struct io_apic *io, unsigned input)
{
    TAP_EQUAL(kiln_irq_attach(irq, serve_device, NULL), 0);
    TAP_EQUAL(io->entries[input], (uint64_t)5 << 56 | 0xA000 | (irq + 32));
    TAP_EQUAL(calls(), 0);
    request(io, input, 1);
    TAP_EQUAL(calls(), 1);
    request(io, input, 3);
    TAP_EQUAL(calls(), 3);
    TAP_CHECK(!is_anything_served() && !io->waits[input]);
}

/* The CPU has it pending already when it is masked; it comes again when it is let through, unless
 * the device has lost interest. */
static void test_masked_level(unsigned irq, struct io_apic *io, unsigned input)
{
    request(io, input, 1);
    kiln_irq_mask(irq);
    TAP_EQUAL(calls(), 0);
    TAP_CHECK(!is_anything_served() && !io->waits[input]);
    kiln_irq_unmask(irq);
    TAP_EQUAL(calls(), 1);
    request(io, input, 1);
    kiln_irq_mask(irq);
    set_line(io, input, true);
    TAP_EQUAL(calls(), 0);
    kiln_irq_unmask(irq);
    TAP_EQUAL(calls(), 0);
    kiln_irq_mask(irq);
    request(io, input, 1);
    TAP_EQUAL(run_cpu(), 0);
    kiln_irq_unmask(irq);
    TAP_EQUAL(calls(), 1);
    TAP_EQUAL(log_lines, 0);
}

static void test_detach(void)
{
    request(io1, 3, 1);
    TAP_EQUAL(kiln_irq_detach(PCI), 0);
    TAP_EQUAL(calls(), 0);
    TAP_EQUAL(kiln_irq_attach(PCI, serve_device, NULL), 0);
    TAP_EQUAL(calls(), 1);
    pulse(io0, 4);
    TAP_EQUAL(kiln_irq_detach(LINE_ISA), 0);
    TAP_EQUAL(calls(), 0);
    TAP_EQUAL(kiln_irq_attach(LINE_ISA, handle, NULL), 0);
    TAP_EQUAL(calls(), 0);
    TAP_EQUAL(log_lines, 0);
}

/* One that nobody handles is masked and told, once. */
static void test_unhandled(void)
{
    kiln_irq_unmask(PCI + 1);
    set_line(io1, 4, false);
    TAP_EQUAL(run_cpu(), 1);
    TAP_EQUAL(run_cpu(), 0);
    TAP_EQUAL(log_lines, 1);
    TAP_CHECK(io1->entries[4] >> 16 & 1);
    TAP_CHECK(!is_anything_served());
}

static void test_two_at_once(void)
{
    pulse(io0, 4);
    request(io1, 3, 1);
    TAP_EQUAL(calls(), 2);
    TAP_EQUAL(running_in_handler, LINE_ISA);
}

static void test_spurious(void)
{
    unsigned ends = cpu.ends;

    handler_calls = 0;
    irq_dispatch(SPURIOUS, &running);
    TAP_EQUAL(handler_calls, 0);
    TAP_EQUAL(cpu.ends, ends);
    TAP_EQUAL(running, IRQ_NONE);
}

/* A number without an input is a vector that software sends. */
static void test_software(void)
{
    TAP_EQUAL(kiln_irq_attach(SOFTWARE, handle, NULL), 0);
    lapic_send(5, SOFTWARE + 32);
    TAP_EQUAL(calls(), 1);
    kiln_irq_mask(SOFTWARE);
    lapic_send(5, SOFTWARE + 32);
    TAP_EQUAL(calls(), 0);
    kiln_irq_unmask(SOFTWARE);
    TAP_EQUAL(calls(), 1);
}

/* Another CPU lets it through between this one's look at it and its claim. */
static void test_race(void)
{
    cpu.in_service[LINE_ISA + 32] = true;
    TAP_EQUAL(apic_claim_held(LINE_ISA), LINE_ISA);
    TAP_CHECK(is_anything_served());
    irq_end(LINE_ISA);
}

/* Vector 128 is an exception's. */
static void test_system_call(void)
{
    uint64_t before = io_apics[2].entries[96 - 48];

    TAP_EQUAL(kiln_irq_attach(96, handle, NULL), 0);
    TAP_EQUAL(io_apics[2].entries[96 - 48], before);
    TAP_EQUAL(kiln_irq_attach(97, handle, NULL), 0);
    TAP_EQUAL(io_apics[2].entries[97 - 48] & 0xFFFFF, 0xA000 | (97 + 32));
}

static void test_own(void)
{
    TAP_EQUAL(*lapic_register(LAPIC_LVT_TIMER), 0x100FC);
    TAP_EQUAL(kiln_irq_attach(ALARM, handle, NULL), 0);
    TAP_EQUAL(*lapic_register(LAPIC_LVT_TIMER), 0xFC);
    TAP_EQUAL(*lapic_register(LAPIC_LVT_ERROR), 0x100FB);
    TAP_EQUAL(kiln_irq_attach(ALARM - 1, handle, NULL), 0);
    TAP_EQUAL(*lapic_register(LAPIC_LVT_ERROR), 0xFB);
    cpu.requested[ALARM + 32] = true;
    TAP_EQUAL(calls(), 1);
    kiln_irq_mask(ALARM);
    TAP_EQUAL(*lapic_register(LAPIC_LVT_TIMER), 0x100FC);
}

static void test_ipi(void)
{
    cpu.command_count = 0;
    cpu.busy_reads = X2APIC ? 0 : 3;
    irq_send_ipi(1);
    TAP_EQUAL(cpu.command_count, 1);
    TAP_EQUAL(cpu.commands[0], (uint64_t)OTHER_CPU << 32 | (IRQ_IPI + 32));
    TAP_EQUAL(kiln_irq_attach(IRQ_IPI, handle, NULL), 0);
    irq_send_ipi(0);
    TAP_EQUAL(calls(), 1);
    TAP_CHECK(!host_cpu.irqs_off);
}

/* Another CPU, as INIT leaves it: on, all masked. */
static void test_other_cpu(void)
{
    *lapic_register(LAPIC_ID) = OTHER_CPU << 24;
    cpu.base = LAPIC_BASE | APIC_ON;
    *lapic_register(LAPIC_SPURIOUS) = 0xFF;
    *lapic_register(LAPIC_LVT_TIMER) = 0x10000;
    irq_controller_init_cpu();
    TAP_EQUAL(lapic_id(), OTHER_CPU);
    irq_unmask(ALARM);
    TAP_EQUAL(*lapic_register(LAPIC_SPURIOUS), 0x1FF);
    TAP_EQUAL(*lapic_register(LAPIC_LVT_TIMER), 0xFC);
    TAP_EQUAL(cpu.base >> 10 & 3, X2APIC ? 3 : 2);
}

int main(void)
{
    build_machine();
    test_init();
    prepare_table();
    test_start();
    test_edge();
    test_masked_edge();
    test_level(LINE_LOW, io0, 20);
    test_masked_level(LINE_LOW, io0, 20);
    test_level(PCI, io1, 3);
    test_masked_level(PCI, io1, 3);
    test_detach();
    test_unhandled();
    test_two_at_once();
    test_spurious();
    test_software();
    test_race();
    test_system_call();
    test_own();
    test_ipi();
    test_other_cpu();
    TAP_EQUAL(cpu.errors, 0);
    return tap_done();
}
