/*
 * A doubly linked list whose nodes are members of the objects on it. A list is itself a node: the
 * head of a ring, empty when it points to itself. The caller serialises access. Every call takes
 * a constant number of instructions; any context.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node *next;
    struct list_node *previous;
};

/* An empty list, for a static object: struct list_node queue = LIST_INIT(queue); */
#define LIST_INIT(list)                                                                            \
    {                                                                                              \
        &(list), &(list)                                                                           \
    }

/* The object of this type that embeds the node as this member. */
#define list_entry(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

/* What is declared cannot stand in parentheses. NOLINTBEGIN(bugprone-macro-parentheses) */

/* Runs through a list from its first node; the body may not remove the node it stands on. */
#define list_for_each(node, list)                                                                  \
    for (struct list_node *node = (list)->next; node != (list); node = node->next)

/* The same, and the body may remove (and free) the node it stands on. */
#define list_for_each_safe(node, list)                                                             \
    for (struct list_node *node = (list)->next, *node##_next = node->next; node != (list);         \
         node = node##_next, node##_next = node->next)

/* NOLINTEND(bugprone-macro-parentheses) */

/* Makes a list empty, or a node one that list_is_linked knows to be on no list. */
static inline void list_init(struct list_node *list)
{
    list->next = list;
    list->previous = list;
}

static inline bool list_is_empty(const struct list_node *list)
{
    return list->next == list;
}

/* Whether a node that list_init or list_remove has seen is on a list. */
static inline bool list_is_linked(const struct list_node *node)
{
    return node->next != node;
}

/* Puts a node that is on no list in front of another one. */
static inline void list_insert_before(struct list_node *place, struct list_node *node)
{
    node->next = place;
    node->previous = place->previous;
    place->previous->next = node;
    place->previous = node;
}

static inline void list_add_first(struct list_node *list, struct list_node *node)
{
    list_insert_before(list->next, node);
}

static inline void list_add_last(struct list_node *list, struct list_node *node)
{
    list_insert_before(list, node);
}

/* Takes a node off its list; a node that is on none stays so. */
static inline void list_remove(struct list_node *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    list_init(node);
}

/* The first node, or NULL of an empty list. */
static inline struct list_node *list_first(const struct list_node *list)
{
    return list->next == list ? NULL : list->next;
}

/* Takes the first node off the list and returns it, or NULL of an empty list. */
static inline struct list_node *list_take_first(struct list_node *list)
{
    struct list_node *node = list_first(list);

    if (node)
        list_remove(node);
    return node;
}

#endif
