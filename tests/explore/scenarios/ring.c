/* lib's ring of bytes: one producer, one consumer. */
#include <explore.h>

#include <lib/ring.h>

#define PUT  0
#define TAKE 1
#define NONE 0x100

static uint8_t data[2];
static struct ring ring = RING_INIT(data);

/* A queue with room for two. */
struct model {
    unsigned count;
    uint8_t bytes[2];
};

static uint64_t apply(void *state, unsigned operation, uint64_t argument)
{
    struct model *model = state;
    uint64_t first;

    if (operation == PUT) {
        if (model->count == sizeof(model->bytes))
            return false;
        model->bytes[model->count++] = (uint8_t)argument;
        return true;
    }
    if (model->count == 0)
        return NONE;
    first = model->bytes[0];
    model->bytes[0] = model->bytes[1];
    model->count--;
    return first;
}

static const struct explore_model model = {sizeof(struct model), apply};

static void put(void *argument)
{
    (void)argument;
    for (unsigned i = 1; i <= 4; i++) {
        unsigned call = explore_call(PUT, i);

        explore_return(call, ring_put(&ring, (uint8_t)i));
    }
}

static void take_one(void)
{
    unsigned call = explore_call(TAKE, 0);
    uint8_t byte;

    explore_return(call, ring_take(&ring, &byte) ? byte : NONE);
}

static void take(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < 4; i++)
        take_one();
}

static void begin(void)
{
    explore_name(&ring, sizeof(ring), "ring");
    explore_name(data, sizeof(data), "data");
    ring.head = ring.tail = UINT32_MAX - 1; /* the positions wrap */
    explore_thread("puts", 64, 0, put, NULL);
}

static void two_cpus(void)
{
    begin();
    explore_thread("takes", 64, 1, take, NULL);
}

static void interrupt(void)
{
    begin();
    for (unsigned i = 0; i < EXPLORE_INTERRUPTS; i++)
        explore_interrupt("take", 0, take_one);
}

static void count(void)
{
    EXPLORE_CHECK(ring_count(&ring) <= sizeof(data));
}

static void end(void)
{
    explore_check_linear(&model);
}

const struct explore_scenario explore_scenarios[] = {
#if KILN_CONFIG_SMP
    {"two_cpus", "puts and takes are those of a queue", 2, two_cpus, count, end, EXPLORE_ALL, 0},
#endif
    {"interrupt", "the same where an interrupt takes", 1, interrupt, count, end, EXPLORE_ALL, 0},
    {0},
};
