/* Heaps of lib against a model: an array in order. */
#include <lib/heap.h>
#include <lib/list.h>
#include "test.h"

#define OBJECTS 300

struct object {
    struct heap_node node;
    bool in;
};

static struct object objects[OBJECTS];
static struct object *model[OBJECTS];
static int model_length;
static struct heap heap;

static void model_add(struct object *object)
{
    int i = model_length++;
    for (; i > 0 && model[i - 1]->node.key > object->node.key; i--)
        model[i] = model[i - 1];
    model[i] = object;
}

static void model_remove(const struct object *object)
{
    int i = 0;
    while (model[i] != object)
        i++;
    for (model_length--; i < model_length; i++)
        model[i] = model[i + 1];
}

static unsigned check_node(const struct heap_node *node, const struct heap_node *up)
{
    if (!node)
        return 0;
    TEST_HOLDS(node->up == up, "up");
    TEST_HOLDS(!up || heap_precedes(up, node), "order");
    unsigned left = check_node(node->left, node), right = check_node(node->right, node);
    TEST_HOLDS(left >= right, "ranks %u and %u", left, right);
    TEST_HOLDS(node->rank == right + 1, "rank %u", node->rank);
    return node->rank;
}

static void add(struct object *object, uint64_t key)
{
    heap_add(&heap, &object->node, key);
    object->in = true;
    model_add(object);
}

static void change(uint64_t keys)
{
    struct object *object = &objects[test_below(OBJECTS)];
    if (!object->in) {
        add(object, test_below(keys));
    } else if (test_below(2)) {
        model_remove(object);
        heap_remove(&heap, &object->node);
        object->in = false;
    } else {
        struct heap_node *first = heap_take_first(&heap);
        TEST_HOLDS(first == &model[0]->node, "first");
        model[0]->in = false;
        model_remove(model[0]);
    }
}

static void test_sequence(uint64_t keys)
{
    for (int i = 0; i < 20000; i++) {
        change(keys);
        TEST_HOLDS(heap_first(&heap) == (model_length ? &model[0]->node : NULL), "first");
        if (i % 50 == 0)
            check_node(heap.root, NULL);
    }
    while (model_length) {
        TEST_HOLDS(heap_take_first(&heap) == &model[0]->node, "order at the end");
        model[0]->in = false;
        model_remove(model[0]);
    }
    TEST_HOLDS(heap_is_empty(&heap) && !heap_take_first(&heap), "empty");
}

/* Also where nodes came in the worst of orders, and the order of equals wraps. */
static void test_worst(void)
{
    heap.order = UINT32_MAX - OBJECTS / 3;
    for (unsigned i = 0; i < OBJECTS; i++)
        add(&objects[i], OBJECTS - i);
    check_node(heap.root, NULL);
    for (unsigned i = 0; i < OBJECTS; i += 2) {
        heap_remove(&heap, &objects[i].node);
        model_remove(&objects[i]);
    }
    check_node(heap.root, NULL);
    while (model_length) {
        TEST_HOLDS(heap_take_first(&heap) == &model[0]->node, "order");
        model_remove(model[0]);
    }
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 20);
    test_sequence(UINT64_MAX);
    test_property("nodes come in the order of their keys");
    test_sequence(8);
    test_property("of equal keys in the order in which they were added");
    test_worst();
    test_property("so do those added in falling order");
    return tap_done();
}
