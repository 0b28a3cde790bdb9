/* The PC's interrupt controllers: 8259s, which are only silenced, I/O APICs and local APICs. */
#include <irq_controller.h>

#include <arch/irq.h>
#include <arch/mmio.h>
#include <arch/spin.h>
#include <kiln/config.h>
#include <x86_64/lapic_cpu.h>
#include <x86_64/port.h>
#include <x86_64/vectors.h>

/* Intel 8259A data sheet: initialisation words 1 to 4, and the mask as operation word 1. */
#define MASTER      0x20u
#define SLAVE       0xA0u
#define ICW1_INIT   0x11u /* edge, cascaded, word 4 follows */
#define ICW3_MASTER 0x04u /* the slave is at input 2 */
#define ICW3_SLAVE  0x02u
#define ICW4_8086   0x01u
#define ALL_MASKED  0xFFu

/* Of both, so that their spurious interrupts 7 have the vector of the local APIC's. */
#define VECTORS_8259 0xF8u

/* 82093AA 3.1: an index register and a window. */
#define SELECT       0x00u
#define WINDOW       0x10u
#define VERSION      0x01u /* bits 16-23: the last input */
#define ENTRY(input) (0x10u + 2 * (input))

/* 82093AA 3.2.4; the destination, an APIC id, is in the upper word's bits 24-31. */
#define ENTRY_LOW       (1u << 13)
#define ENTRY_LEVEL     (1u << 15)
#define ENTRY_MASKED    (1u << 16)
#define ENTRY_CPU_SHIFT 24

#define FIRST_LOCAL     (LAPIC_VECTOR_ERROR - APIC_FIRST_VECTOR)
#define LOCAL_ERROR     FIRST_LOCAL
#define LOCAL_TIMER     (LAPIC_VECTOR_TIMER - APIC_FIRST_VECTOR)
#define SPURIOUS        (LAPIC_VECTOR_SPURIOUS - APIC_FIRST_VECTOR)

/* The exception of its vector is a program's mistake. */
#define SYSTEM_CALL (0x80u - APIC_FIRST_VECTOR)

uint8_t apic_states[IRQ_CONTROLLER_MOST];

/* Read-only after the start, as are the counts of inputs. */
static struct apic_topology topology;
static uint8_t input_counts[APIC_IO_APIC_MOST];

/* Held, with interrupts masked, from the choice of a register to the access. */
static arch_spinlock_t window_lock;

/* An interrupt's input. */
struct input {
    uintptr_t io_apic; /* 0: none */
    unsigned number;
    uint32_t mode; /* ENTRY_LOW, ENTRY_LEVEL */
};

unsigned irq_controller_count(void)
{
    return IRQ_CONTROLLER_MOST;
}

static void silence_8259(uint16_t port, uint8_t cascade)
{
    port_write8(port, ICW1_INIT);
    port_write8(port + 1, VECTORS_8259);
    port_write8(port + 1, cascade);
    port_write8(port + 1, ICW4_8086);
    port_write8(port + 1, ALL_MASKED);
}

/* The I/O APICs and what firmware has left in them wait behind the priority. */
void irq_controller_init(void)
{
    lapic_priority_write(15);
    silence_8259(MASTER, ICW3_MASTER);
    silence_8259(SLAVE, ICW3_SLAVE);
}

static uint32_t window_read(uintptr_t io_apic, uint32_t index)
{
    mmio_write32(io_apic + SELECT, index);
    return mmio_read32(io_apic + WINDOW);
}

static void window_write(uintptr_t io_apic, uint32_t index, uint32_t value)
{
    mmio_write32(io_apic + SELECT, index);
    mmio_write32(io_apic + WINDOW, value);
}

/* Masked and edge: an entry that was a level's forgets that it waits for an end. All lead to CPU 0.
 */
static void start_io_apic(unsigned n)
{
    uintptr_t io_apic = topology.io_apics[n].base;
    unsigned count = (window_read(io_apic, VERSION) >> 16 & 0xFF) + 1;

    input_counts[n] = (uint8_t)count;
    for (unsigned input = 0; input < count; input++) {
        window_write(io_apic, ENTRY(input), ENTRY_MASKED);
        window_write(io_apic, ENTRY(input) + 1, topology.cpu_apic_ids[0] << ENTRY_CPU_SHIFT);
    }
}

void irq_controller_start(void)
{
    vectors_open();
    board_apic_topology(&topology);
    for (unsigned n = 0; n < topology.io_apic_count; n++)
        start_io_apic(n);
    for (unsigned irq = FIRST_LOCAL; irq < SPURIOUS; irq++)
        apic_states[irq] = APIC_OPEN;
    lapic_start();
}

void irq_controller_init_cpu(void)
{
    lapic_start();
}

static struct input find_input(uint32_t irq)
{
    struct input input = {.mode = ENTRY_LEVEL | ENTRY_LOW};
    uint32_t gsi = irq;

    if (irq < APIC_ISA_IRQS) {
        const struct apic_isa_irq *isa = &topology.isa_irqs[irq];

        gsi = isa->gsi;
        input.mode = (isa->is_level ? ENTRY_LEVEL : 0) | (isa->is_low ? ENTRY_LOW : 0);
    }
    for (unsigned n = 0; n < topology.io_apic_count && irq != SYSTEM_CALL; n++) {
        input.number = gsi - topology.io_apics[n].first_gsi;
        if (input.number < input_counts[n]) {
            input.io_apic = topology.io_apics[n].base;
            return input;
        }
    }
    return (struct input){.io_apic = 0};
}

static bool is_level(const struct input *input)
{
    return input->mode & ENTRY_LEVEL;
}

static void open_input(uint32_t irq, const struct input *input, bool open)
{
    uint32_t entry = (irq + APIC_FIRST_VECTOR) | input->mode | (open ? 0 : ENTRY_MASKED);

    if (!input->io_apic)
        return;
    uintptr_t state = arch_irq_save();

    if (KILN_CONFIG_SMP)
        arch_spin_lock(&window_lock);
    window_write(input->io_apic, ENTRY(input->number), entry);
    if (KILN_CONFIG_SMP)
        arch_spin_unlock(&window_lock);
    arch_irq_restore(state);
}

void irq_configure(uint32_t irq)
{
    if (irq >= FIRST_LOCAL)
        return;
    struct input input = find_input(irq);

    __atomic_store_n(&apic_states[irq], APIC_HELD, __ATOMIC_RELAXED);
    open_input(irq, &input, false);
}

static void set_local(uint32_t irq, bool open)
{
    uintptr_t state = arch_irq_save();

    if (irq == LOCAL_ERROR || irq == LOCAL_TIMER)
        (open ? lapic_unmask : lapic_mask)(irq == LOCAL_ERROR ? LAPIC_LVT_ERROR : LAPIC_LVT_TIMER);
    arch_irq_restore(state);
}

/* An edge that came meanwhile is sent once more. */
void irq_unmask(uint32_t irq)
{
    if (irq >= FIRST_LOCAL) {
        set_local(irq, true);
        return;
    }
    struct input input = find_input(irq);
    uint8_t was = __atomic_exchange_n(&apic_states[irq], APIC_OPEN, __ATOMIC_RELAXED);

    open_input(irq, &input, true);
    if (was == APIC_HELD_PENDING)
        lapic_send(topology.cpu_apic_ids[0], irq + APIC_FIRST_VECTOR);
}

/* An I/O APIC would lose edges while it masks them: they come, and the claim holds them back. */
void irq_mask(uint32_t irq)
{
    uint8_t open = APIC_OPEN;

    if (irq >= FIRST_LOCAL) {
        set_local(irq, false);
        return;
    }
    struct input input = find_input(irq);

    __atomic_compare_exchange_n(&apic_states[irq], &open, APIC_HELD, false, __ATOMIC_RELAXED,
                                __ATOMIC_RELAXED);
    if (is_level(&input))
        open_input(irq, &input, false);
}

/* A level is still there when it is let through again. Spurious ones are not in service. */
uint32_t apic_claim_held(uint32_t irq)
{
    struct input input;
    uint8_t state = APIC_HELD;

    if (irq == SPURIOUS)
        return IRQ_NONE;
    input = find_input(irq);
    if (!is_level(&input) &&
        !__atomic_compare_exchange_n(&apic_states[irq], &state, APIC_HELD_PENDING, false,
                                     __ATOMIC_RELAXED, __ATOMIC_RELAXED) &&
        state == APIC_OPEN)
        return irq;
    lapic_end();
    return IRQ_NONE;
}

void irq_send_ipi(unsigned cpu)
{
    lapic_send(topology.cpu_apic_ids[cpu], LAPIC_VECTOR_IPI);
}
