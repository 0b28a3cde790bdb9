/*
 * Models of a PC's interrupt controllers, of one CPU: the local APIC in both modes (Intel SDM
 * volume 3, chapter 11), I/O APICs (82093AA) and the pair of 8259s. They mind what hardware minds:
 * a mode that the registers are not reached in, masks that stick while the local APIC is off,
 * levels that wait for an end, edges that a mask loses.
 */
#ifndef APIC_MODEL_H
#define APIC_MODEL_H

#include <string.h>
#include <isa/host.h>
#include <x86_64/cpuid.h>
#include <x86_64/lapic.h>
#include <x86_64/lapic_cpu.h>
#include <x86_64/port.h>
#include "test.h"

#define LAPIC_BASE  0xFEE00000u
#define APIC_ON     0x800u
#define APIC_X2     0x400u
#define TIMER_RATIO 4 /* units of the counter for each count of the local APIC's timer */

enum { MOST_IO_APICS = 3, MOST_INPUTS = 240, MOST_COMMANDS = 32 };

static struct {
    bool has_x2apic, has_deadline, is_hypervised, is_tcg;
    uint64_t base;           /* IA32_APIC_BASE */
    uint32_t registers[256]; /* by offset / 16 */
    bool requested[256], in_service[256], by_level[256];
    unsigned class;
    uint64_t deadline;
    uint64_t timer_start;
    uint64_t commands[MOST_COMMANDS];
    uint64_t command_times[MOST_COMMANDS];
    unsigned command_count, fences;
    unsigned busy_reads; /* so often an xAPIC says that a command is on its way */
    unsigned ends, errors;
} cpu;

static struct io_apic {
    uintptr_t base;
    unsigned inputs;
    uint32_t select;
    uint64_t entries[MOST_INPUTS];
    bool lines[MOST_INPUTS]; /* the electrical level: high */
    bool waits[MOST_INPUTS]; /* remote IRR: delivered, not ended */
} io_apics[MOST_IO_APICS];

static struct {
    unsigned step; /* of the initialisation */
    uint8_t words[5], mask;
} pics[2];

static inline void model_error(const char *what)
{
    cpu.errors++;
    printf("# model: %s\n", what);
}

static inline uint32_t *lapic_register(uint32_t offset)
{
    return &cpu.registers[offset / 16];
}

static inline bool is_asserted(const struct io_apic *io, unsigned input)
{
    bool is_low = io->entries[input] >> 13 & 1;

    return io->lines[input] != is_low;
}

static inline void deliver(uint64_t entry)
{
    unsigned vector = entry & 0xFF;

    if (vector < 32)
        model_error("a vector of an exception");
    if ((entry >> 8 & 0xF) != 0)
        model_error("delivery that is not fixed and physical");
    if (entry >> 56 != *lapic_register(LAPIC_ID) >> (cpu.base & APIC_X2 ? 0 : 24))
        model_error("delivered to no CPU");
    cpu.requested[vector] = true;
    cpu.by_level[vector] = entry >> 15 & 1;
}

static inline void serve_level(struct io_apic *io, unsigned input)
{
    uint64_t entry = io->entries[input];

    if (entry & 0x8000 && !(entry & 0x10000) && is_asserted(io, input) && !io->waits[input]) {
        io->waits[input] = true;
        deliver(entry);
    }
}

/* Moves a line; an edge that the mask hides is lost. */
static inline void set_line(struct io_apic *io, unsigned input, bool high)
{
    bool was = is_asserted(io, input);

    io->lines[input] = high;
    uint64_t entry = io->entries[input];
    if (entry & 0x8000)
        serve_level(io, input);
    else if (!was && is_asserted(io, input) && !(entry & 0x10000))
        deliver(entry);
}

static inline void pulse(struct io_apic *io, unsigned input)
{
    set_line(io, input, true);
    set_line(io, input, false);
}

static inline uint32_t io_apic_read(struct io_apic *io)
{
    unsigned input = (io->select - 0x10) / 2;

    if (io->select == 1)
        return (io->inputs - 1) << 16 | 0x20;
    if (io->select < 0x10 || input >= io->inputs)
        model_error("no such register of the I/O APIC");
    return (uint32_t)(io->entries[input] >> (io->select % 2 * 32));
}

static inline void io_apic_write(struct io_apic *io, uint32_t value)
{
    unsigned input = (io->select - 0x10) / 2;
    unsigned shift = io->select % 2 * 32;

    if (io->select < 0x10 || input >= io->inputs) {
        model_error("no such register of the I/O APIC");
        return;
    }
    io->entries[input] &= ~((uint64_t)0xFFFFFFFF << shift);
    io->entries[input] |= (uint64_t)value << shift;
    if (!(io->entries[input] & 0x8000))
        io->waits[input] = false;
    serve_level(io, input);
}

static inline void end_interrupt(void)
{
    unsigned vector = 255;

    cpu.ends++;
    while (vector > 0 && !cpu.in_service[vector])
        vector--;
    cpu.in_service[vector] = false;
    for (unsigned n = 0; n < MOST_IO_APICS; n++)
        for (unsigned input = 0; input < io_apics[n].inputs && cpu.by_level[vector]; input++)
            if ((io_apics[n].entries[input] & 0xFF) == vector && io_apics[n].waits[input]) {
                io_apics[n].waits[input] = false;
                serve_level(&io_apics[n], input);
            }
}

static inline uint32_t timer_count(void)
{
    uint64_t gone = (host_cpu.counter - cpu.timer_start) / TIMER_RATIO;
    uint32_t initial = *lapic_register(LAPIC_TIMER_INITIAL);

    return gone < initial ? (uint32_t)(initial - gone) : 0;
}

static inline uint32_t model_read(uint32_t offset)
{
    uint32_t bits = 0;

    if (offset == LAPIC_TIMER_CURRENT)
        return timer_count();
    if (offset == LAPIC_COMMAND && cpu.busy_reads > 0) {
        cpu.busy_reads--;
        return 0x1000;
    }
    if (offset < LAPIC_IN_SERVICE || offset >= LAPIC_IN_SERVICE + 0x80)
        return *lapic_register(offset);
    for (unsigned n = 0; n < 32; n++)
        bits |= (uint32_t)cpu.in_service[(offset - LAPIC_IN_SERVICE) * 2 + n] << n;
    return bits;
}

static inline void model_command(uint64_t command)
{
    if (cpu.command_count == MOST_COMMANDS) {
        model_error("too many commands");
        return;
    }
    cpu.command_times[cpu.command_count] = host_cpu.counter;
    cpu.commands[cpu.command_count++] = command;
    if ((command & 0x700) == 0 &&
        command >> 32 == *lapic_register(LAPIC_ID) >> (cpu.base & APIC_X2 ? 0 : 24))
        cpu.requested[command & 0xFF] = true;
}

static inline void model_write(uint32_t offset, uint32_t value)
{
    bool is_on = *lapic_register(LAPIC_SPURIOUS) & 0x100;

    if (offset == LAPIC_END) {
        if (value != 0)
            model_error("an end that is not 0");
        end_interrupt();
        return;
    }
    if (offset >= LAPIC_LVT_TIMER && offset <= LAPIC_LVT_ERROR && !is_on)
        value |= 0x10000;
    *lapic_register(offset) = value;
    if (offset == LAPIC_TIMER_INITIAL)
        cpu.timer_start = host_cpu.counter;
}

uint32_t fake_read32(uintptr_t address)
{
    host_cpu.counter += 3;
    for (unsigned n = 0; n < MOST_IO_APICS; n++)
        if (io_apics[n].inputs && address == io_apics[n].base + 0x10)
            return io_apic_read(&io_apics[n]);
    if ((cpu.base & (APIC_ON | APIC_X2)) != APIC_ON || address < LAPIC_BASE ||
        address >= LAPIC_BASE + 0x1000 || address % 16)
        model_error("a read of nothing");
    return model_read((uint32_t)(address - LAPIC_BASE) & 0xFF0);
}

void fake_write32(uintptr_t address, uint32_t value)
{
    host_cpu.counter += 3;
    for (unsigned n = 0; n < MOST_IO_APICS; n++) {
        struct io_apic *io = &io_apics[n];

        if (io->inputs && address == io->base) {
            io->select = value;
            return;
        }
        if (io->inputs && address == io->base + 0x10) {
            io_apic_write(io, value);
            return;
        }
    }
    if ((cpu.base & (APIC_ON | APIC_X2)) != APIC_ON || address < LAPIC_BASE ||
        address >= LAPIC_BASE + 0x1000 || address % 16)
        model_error("a write to nothing");
    uint32_t offset = (uint32_t)(address - LAPIC_BASE) & 0xFF0;

    if (offset == LAPIC_COMMAND && cpu.busy_reads > 0)
        model_error("a command while another one is on its way");
    if (offset == LAPIC_COMMAND)
        model_command((uint64_t)(*lapic_register(LAPIC_COMMAND_HIGH) >> 24) << 32 | value);
    else
        model_write(offset, value);
}

static inline uint32_t offset_of_msr(uint32_t number)
{
    if (number < 0x800 || number > 0x83F || !(cpu.base & APIC_X2))
        model_error("an MSR that is not there");
    return (number & 0x3F) * 16;
}

uint64_t fake_msr_read(uint32_t number)
{
    host_cpu.counter += 3;
    return number == 0x1B ? cpu.base : model_read(offset_of_msr(number));
}

static inline void write_base(uint64_t value)
{
    uint64_t from = cpu.base & (APIC_ON | APIC_X2), to = value & (APIC_ON | APIC_X2);

    if (to == APIC_X2 || (from == 0 && to == (APIC_ON | APIC_X2)) ||
        (from == (APIC_ON | APIC_X2) && to == APIC_ON) || (to & APIC_X2 && !cpu.has_x2apic))
        model_error("a change of mode that faults");
    if (from != to && to == (APIC_ON | APIC_X2))
        *lapic_register(LAPIC_ID) >>= 24;
    cpu.base = value;
}

void fake_msr_write(uint32_t number, uint64_t value)
{
    host_cpu.counter += 3;
    if (number == 0x1B)
        write_base(value);
    else if (number == 0x6E0 && cpu.has_deadline)
        cpu.deadline = value;
    else if (offset_of_msr(number) == LAPIC_COMMAND && cpu.fences > 0)
        model_command(value);
    else if (offset_of_msr(number) == LAPIC_COMMAND)
        model_error("a command that earlier stores may overtake");
    else
        model_write(offset_of_msr(number), (uint32_t)value);
    cpu.fences = 0;
}

void lapic_fence(void)
{
    cpu.fences++;
}

void lapic_priority_write(uintptr_t class)
{
    cpu.class = (unsigned)class;
}

struct cpuid fake_cpuid(uint32_t leaf, uint32_t subleaf)
{
    (void)subleaf;
    if (leaf == 0)
        return (struct cpuid){.eax = 1};
    if (leaf == 0x40000000)
        return (struct cpuid){.eax = leaf, .ebx = cpu.is_tcg ? 0x54474354 : 0};
    return (struct cpuid){.ecx = (uint32_t)cpu.has_x2apic << 21 | (uint32_t)cpu.has_deadline << 24 |
                                 (uint32_t)cpu.is_hypervised << 31};
}

uint32_t fake_port_read(uint16_t port, unsigned bits)
{
    (void)bits;
    model_error("a port is read");
    return port;
}

/* Four initialisation words, the first by itself at the even port, then the mask. */
void fake_port_write(uint16_t port, unsigned bits, uint32_t value)
{
    unsigned n = port >> 7;

    if (bits != 8 || (port & 0x7E) != 0x20) {
        model_error("a write to another port");
    } else if (!(port & 1)) {
        pics[n].step = 1;
        pics[n].words[0] = (uint8_t)value;
    } else if (pics[n].step >= 1 && pics[n].step <= 3) {
        pics[n].words[pics[n].step++] = (uint8_t)value;
    } else {
        pics[n].mask = (uint8_t)value;
    }
}

/* The most urgent vector that the CPU takes now; 0: none. It is in service then. */
static inline unsigned take_vector(void)
{
    unsigned vector = 255;

    while (vector > 0 && !cpu.requested[vector])
        vector--;
    unsigned serves = 255;
    while (serves > 0 && !cpu.in_service[serves])
        serves--;
    if (vector / 16 <= cpu.class || vector / 16 <= serves / 16)
        return 0;
    cpu.requested[vector] = false;
    cpu.in_service[vector] = true;
    return vector;
}

static inline bool is_anything_served(void)
{
    for (unsigned vector = 0; vector < 256; vector++)
        if (cpu.in_service[vector])
            return true;
    return false;
}

/* A CPU as firmware may leave it: on, in xAPIC mode, with id 5. */
static inline void model_reset(void)
{
    memset(&cpu, 0, sizeof(cpu));
    memset(io_apics, 0, sizeof(io_apics));
    memset(pics, 0, sizeof(pics));
    cpu.base = LAPIC_BASE | APIC_ON | 0x100;
    *lapic_register(LAPIC_ID) = 5u << 24;
}

#endif
