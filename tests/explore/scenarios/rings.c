/* Rings of pointers without locks: of one producer and one consumer, and of any number. */
#include <explore.h>

#include <kiln/ring.h>

#define PUT     0
#define TAKE    1
#define PLACES  2
#define NOTHING 0x100

KILN_SPSC_RING(pair, PLACES);
KILN_RING(ring, PLACES);

struct model {
    unsigned count;
    uint64_t items[PLACES];
};

static uint64_t apply(void *state, unsigned operation, uint64_t argument)
{
    struct model *model = state;
    uint64_t first = model->items[0];

    if (operation == PUT) {
        if (model->count == PLACES)
            return false;
        model->items[model->count++] = argument;
        return true;
    }
    if (model->count == 0)
        return NOTHING;
    model->items[0] = model->items[1];
    model->count--;
    return first;
}

static const struct explore_model model = {sizeof(struct model), apply};

static void put_pair(uintptr_t item)
{
    unsigned call = explore_call(PUT, item);

    explore_return(call, kiln_spsc_ring_put(&pair, (void *)item));
}

static void take_pair(void)
{
    unsigned call = explore_call(TAKE, 0);
    void *item;

    explore_return(call, kiln_spsc_ring_take(&pair, &item) ? (uintptr_t)item : NOTHING);
}

static void put_four(void *unused)
{
    (void)unused;
    for (uintptr_t item = 1; item <= 4; item++)
        put_pair(item);
}

static void take_four(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 4; i++)
        take_pair();
}

/* One that others are in the middle of is full, or empty, for the rest. */
static void end_call(unsigned call, bool holds, uint64_t result)
{
    if (!holds && explore_overlaps(call))
        explore_withdraw(call);
    else
        explore_return(call, result);
}

static void put(uintptr_t item)
{
    unsigned call = explore_call(PUT, item);
    bool holds = kiln_ring_put(&ring, (void *)item);

    end_call(call, holds, holds);
}

static void take(void)
{
    unsigned call = explore_call(TAKE, 0);
    void *item;
    bool holds = kiln_ring_take(&ring, &item);

    end_call(call, holds, holds ? (uintptr_t)item : NOTHING);
}

static void put_one(void *item)
{
    put((uintptr_t)item);
}

static void put_and_take(void *item)
{
    put((uintptr_t)item);
    take();
}

static void take_two(void *unused)
{
    (void)unused;
    take();
    take();
}

/* Comes back to the place at which it began, and fills it. */
static void go_round(void *unused)
{
    (void)unused;
    put(1);
    take();
    put(2);
    take();
    put(3);
    put(4);
}

static void take_once(void)
{
    take();
}

/* Positions are about to wrap, too. */
static void begin(void)
{
    explore_name(&ring, sizeof(ring), "ring");
    explore_name(ring.places, sizeof(ring.places[0]) * PLACES, "places");
    explore_name(&pair, sizeof(pair), "pair");
    pair.put = pair.taken = pair.taken_seen = UINT64_MAX - 1;
}

static void one_and_one(void)
{
    begin();
    explore_thread("puts", 64, 0, put_four, NULL);
    explore_thread("takes", 64, 1, take_four, NULL);
}

static void interrupted_pair(void)
{
    begin();
    explore_thread("puts", 64, 0, put_four, NULL);
    for (unsigned i = 0; i < EXPLORE_INTERRUPTS; i++)
        explore_interrupt("takes", 0, take_pair);
}

static void both_ways(void)
{
    begin();
    explore_thread("first", 64, 0, put_and_take, (void *)1);
    explore_thread("second", 64, 1, put_and_take, (void *)2);
}

static void three_cpus(void)
{
    begin();
    explore_thread("puts", 64, 0, put_one, (void *)1);
    explore_thread("puts too", 64, 1, put_one, (void *)2);
    explore_thread("takes", 64, 2, take_two, NULL);
}

static void round_again(void)
{
    begin();
    explore_thread("puts", 64, 0, put_one, (void *)9);
    explore_thread("goes round", 64, 1, go_round, NULL);
}

static void interrupted(void)
{
    begin();
    explore_thread("puts", 64, 0, put_and_take, (void *)1);
    explore_interrupt("takes", 0, take_once);
    explore_interrupt("takes", 0, take_once);
}

static void end(void)
{
    explore_check_linear(&model);
}

/* Takes what is left; all that was put is taken once. */
static void take_rest(void)
{
    for (unsigned i = 0; i <= PLACES; i++)
        take();
    explore_check_linear(&model);
}

const struct explore_scenario explore_scenarios[] = {
#if KILN_CONFIG_SMP
    {"one_and_one", "one puts, one takes", 2, one_and_one, NULL, end, EXPLORE_ALL, 0},
    {"both_ways", "two CPUs put and take", 2, both_ways, NULL, take_rest, EXPLORE_ALL, 0},
    {"three_cpus", "two put, one takes", 3, three_cpus, NULL, take_rest, EXPLORE_ALL, 0},
    {"round_again", "one falls behind by all places, and is not deceived", 2, round_again, NULL,
     take_rest, EXPLORE_ALL, 0},
#endif
    {"interrupted_pair", "an interrupt takes", 1, interrupted_pair, NULL, end, EXPLORE_ALL, 0},
    {"interrupted", "interrupts take in the middle of it", 1, interrupted, NULL, take_rest,
     EXPLORE_ALL, 0},
    {0},
};
