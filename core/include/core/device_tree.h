/* What boot wants to know from a flattened device tree. */
#ifndef CORE_DEVICE_TREE_H
#define CORE_DEVICE_TREE_H

#include <stddef.h>
#include <stdint.h>

#define DEVICE_TREE_MEMORY_RANGES   8
#define DEVICE_TREE_RESERVED_RANGES 16

/* Physical addresses; base + bytes does not wrap and bytes is not 0. */
struct device_tree_range {
    uint64_t base;
    uint64_t bytes;
};

/* How PSCI firmware is called (Arm DEN 0022, and the binding arm,psci). */
enum device_tree_psci { DEVICE_TREE_PSCI_NONE, DEVICE_TREE_PSCI_HVC, DEVICE_TREE_PSCI_SMC };

enum device_tree_irq_controller {
    DEVICE_TREE_IRQ_NONE,
    DEVICE_TREE_IRQ_OTHER,
    DEVICE_TREE_IRQ_GICV2, /* arm,cortex-a15-gic or arm,gic-400 */
    DEVICE_TREE_IRQ_GICV3  /* arm,gic-v3 */
};

/* What the tree does not tell is 0 or NULL. */
struct device_tree_info {
    size_t total_bytes;    /* of the tree itself, as its header tells */
    const char *arguments; /* /chosen/bootargs, in the tree; terminated */
    size_t argument_bytes; /* without the terminating 0 */
    uint64_t seed;         /* random, from rng-seed and kaslr-seed */
    enum device_tree_psci psci;
    enum device_tree_irq_controller irq_controller;

    unsigned memory_count; /* further ranges are left out */
    unsigned reserved_count;
    unsigned cpu_count; /* usable ones */
    struct device_tree_range memory[DEVICE_TREE_MEMORY_RANGES];
    struct device_tree_range reserved[DEVICE_TREE_RESERVED_RANGES];
};

/*
 * Reads the tree in one pass, of which at most max_bytes may be touched, with aligned loads only
 * (MMU on or off). Nodes are told by the names that the specification and their bindings give
 * them (/memory, /cpus/cpu, psci, interrupt-controller ...); those whose status is not "okay" are
 * passed over. 0; -EINVAL when there is no tree or it is corrupt; -ENOSPC when more ranges are
 * reserved than fit. On an error info is empty.
 * Boot. About 50 instructions for each token of the tree; 400 bytes of stack.
 */
int device_tree_read(const void *tree, size_t max_bytes, struct device_tree_info *info);

#endif
