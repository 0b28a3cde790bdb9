/* Linearisability: is there an order of all calls that explains their results? */
#include "engine.h"

#include <kiln/thread.h>
#include <stdio.h>
#include <string.h>

#define STATE_BYTES 256

/* What had returned when it was called is all of the order in time that matters: others may return
 * before it is. */
unsigned explore_call(unsigned operation, uint64_t argument)
{
    unsigned number;

    machine_event(true);
    number = machine.calls++;
    if (number >= EXPLORE_CALLS)
        explore_fail("more than %u calls", EXPLORE_CALLS);
    machine.call[number] = (struct call){
        .before = machine.returned, .operation = (uint8_t)operation, .argument = argument};
    note(machine.returned);
    return number;
}

void explore_return(unsigned call, uint64_t result)
{
    machine.call[call].result = result;
    machine.call[call].has_returned = true;
    machine.returned |= 1u << call;
}

void explore_withdraw(unsigned call)
{
    explore_return(call, 0);
    machine.call[call].is_withdrawn = true;
}

bool explore_overlaps(unsigned call)
{
    uint32_t others = ((1u << machine.calls) - 1) & ~(1u << call);
    bool overlaps = (others & ~machine.call[call].before) != 0;

    note(overlaps);
    return overlaps;
}

static uint32_t withdrawn(void)
{
    uint32_t calls = 0;

    for (unsigned i = 0; i < machine.calls; i++)
        calls |= (uint32_t)machine.call[i].is_withdrawn << i;
    return calls;
}

static bool explains(const struct explore_model *model, const char *state, uint32_t applied)
{
    char next[STATE_BYTES];

    if (applied == (1u << machine.calls) - 1)
        return true;
    for (unsigned i = 0; i < machine.calls; i++) {
        const struct call *call = &machine.call[i];

        if ((applied & 1u << i) || (call->before & ~applied))
            continue;
        memcpy(next, state, model->bytes);
        if (model->apply(next, call->operation, call->argument) == call->result &&
            explains(model, next, applied | 1u << i))
            return true;
    }
    return false;
}

void explore_check_linear(const struct explore_model *model)
{
    char state[STATE_BYTES] = {0};
    char text[400] = "";

    if (model->bytes > sizeof(state))
        explore_fail("the model is too large");
    if (explains(model, state, withdrawn()))
        return;
    for (unsigned i = 0; i < machine.calls && strlen(text) + 40 < sizeof(text); i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), " %u(%ld)=%ld after %x;",
                 machine.call[i].operation, (long)machine.call[i].argument,
                 (long)machine.call[i].result, machine.call[i].before);
    explore_fail("no order of the calls explains their results:%s", text);
}

void explore_forget(uint64_t number)
{
    flush_writes();
    machine.history[cpu_now()->stack] = mix(number, (uintptr_t)__builtin_return_address(0));
}
