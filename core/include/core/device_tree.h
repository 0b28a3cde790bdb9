/* What boot wants to know from a flattened device tree. */
#ifndef CORE_DEVICE_TREE_H
#define CORE_DEVICE_TREE_H

#include <stddef.h>
#include <stdint.h>

#define DEVICE_TREE_RANGES 16 /* at most, of memory and of what is reserved */

/* Physical addresses; base + bytes does not wrap and bytes is not 0. */
struct device_tree_range {
    uint64_t base;
    uint64_t bytes;
};

/* What the strings of compatible and method say, as a set. */
enum device_tree_facts {
    DEVICE_TREE_PSCI_HVC = 1 << 1, /* how PSCI firmware is called (Arm DEN 0022) */
    DEVICE_TREE_PSCI_SMC = 1 << 2,
    DEVICE_TREE_GICV3 = 1 << 3,         /* arm,gic-v3 */
    DEVICE_TREE_GICV2 = 1 << 4 | 1 << 5 /* arm,gic-400 or arm,cortex-a15-gic */
};

/* What is counted; of the first two there are ranges. */
enum device_tree_count { DEVICE_TREE_MEMORY, DEVICE_TREE_RESERVED, DEVICE_TREE_CPUS };

union device_tree_counts {
    uint16_t of[4]; /* usable ones; the last is not used */
    uint64_t all;
};

/* What the tree does not tell is 0. */
struct device_tree_info {
    const char *arguments; /* /chosen/bootargs, in the tree */
    size_t argument_bytes; /* with the terminating 0, should there be one */
    uint64_t seed;         /* random, from rng-seed and kaslr-seed */
    uint64_t facts;        /* of enum device_tree_facts */
    union device_tree_counts counts;
    struct device_tree_range ranges[2][DEVICE_TREE_RANGES];
};

/*
 * Reads the tree in one pass, of which at most max_bytes may be touched, with aligned loads only;
 * then, if all of it is right, adds the memory, reserves what the tree reserves and the tree
 * itself, sets the boot arguments and, if the tree has any, the count of CPUs.
 * Nodes are told by the names that the specification and their bindings give them (/memory,
 * /cpus/cpu, psci, interrupt-controller ...). Memory, CPUs and reserved ranges whose status is not
 * "okay" are passed over.
 * 0; -EINVAL when there is no tree or it is corrupt; -ENOSPC when it has more ranges than fit.
 * Then nothing has been handed on, and info has no meaning.
 * Boot. About 50 instructions for each token of the tree; 1 KiB of stack.
 */
int device_tree_apply(const void *tree, size_t max_bytes, struct device_tree_info *info);

#endif
