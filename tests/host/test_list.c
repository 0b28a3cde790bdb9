/* Lists against a model: an array of which object stands where. */
#include <lib/list.h>
#include "test.h"

#define OBJECTS 40

struct object {
    int value;
    struct list_node node;
};

static struct object objects[OBJECTS];
static int model[OBJECTS], model_length;
static struct list_node list = LIST_INIT(list);

static struct object *object_of(struct list_node *node)
{
    return list_entry(node, struct object, node);
}

static int model_find(int value)
{
    for (int i = 0; i < model_length; i++)
        if (model[i] == value)
            return i;
    return -1;
}

static void model_insert(int place, int value)
{
    for (int i = model_length++; i > place; i--)
        model[i] = model[i - 1];
    model[place] = value;
}

static void model_remove(int place)
{
    model_length--;
    for (int i = place; i < model_length; i++)
        model[i] = model[i + 1];
}

static void check_against_model(void)
{
    int i = 0;
    const struct list_node *last = &list;

    list_for_each (node, &list) {
        TEST_HOLDS(i < model_length && object_of(node)->value == model[i], "place %d", i);
        TEST_HOLDS(node->previous == last, "place %d", i);
        last = node;
        i++;
    }
    TEST_HOLDS(i == model_length, "%d nodes instead of %d", i, model_length);
    TEST_HOLDS(list.previous == last, "end of the list");
    TEST_HOLDS(list_is_empty(&list) == (model_length == 0), "length %d", model_length);
    TEST_HOLDS(list_first(&list) == (model_length ? &objects[model[0]].node : NULL), "first");
}

static void add_somewhere(int value)
{
    int place;

    switch (test_below(3)) {
    case 0:
        list_add_first(&list, &objects[value].node);
        model_insert(0, value);
        break;
    case 1:
        list_add_last(&list, &objects[value].node);
        model_insert(model_length, value);
        break;
    default:
        place = (int)test_below((uint64_t)model_length + 1);
        list_insert_before(place < model_length ? &objects[model[place]].node : &list,
                           &objects[value].node);
        model_insert(place, value);
    }
}

static void step(void)
{
    int value = (int)test_below(OBJECTS);
    int place = model_find(value);
    struct list_node *first;

    TEST_HOLDS(list_is_linked(&objects[value].node) == (place >= 0), "object %d", value);
    if (place < 0) {
        add_somewhere(value);
    } else if (test_below(4) == 0) {
        first = list_take_first(&list);
        TEST_HOLDS(first == &objects[model[0]].node, "take first");
        model_remove(0);
    } else {
        list_remove(&objects[value].node);
        model_remove(place);
    }
    check_against_model();
}

static void remove_odd_ones(void)
{
    int removed = 0, odd = 0;

    for (int i = 0; i < model_length; i++)
        odd += model[i] % 2;
    list_for_each_safe (node, &list) {
        if (object_of(node)->value % 2 == 0)
            continue;
        list_remove(node);
        model_remove(model_find(object_of(node)->value));
        node->next = NULL; /* as if it had been freed */
        removed++;
    }
    TEST_HOLDS(removed == odd && odd > 0, "%d of %d removed", removed, odd);
    check_against_model();
}

int main(int argc, char **argv)
{
    test_begin(argc, argv, 1);
    TAP_CHECK(list_is_empty(&list) && list_first(&list) == NULL);
    TAP_CHECK(list_take_first(&list) == NULL);
    for (int i = 0; i < OBJECTS; i++) {
        objects[i].value = i;
        list_init(&objects[i].node);
    }
    for (int i = 0; i < 20000; i++)
        step();
    test_property("20000 random steps agree with the model");
    remove_odd_ones();
    test_property("list_for_each_safe survives removal");
    list_remove(&objects[0].node);
    list_remove(&objects[0].node);
    TAP_CHECK(!list_is_linked(&objects[0].node));
    return tap_done();
}
