/* Mapping what is found only while the machine runs: firmware's tables, devices. */
#ifndef CORE_MAP_H
#define CORE_MAP_H

#include <arch/mmu.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Firmware's memory, to be read: pages that are not mapped yet are mapped read-only. NULL when they
 * cannot be; before RAM is mapped, whatever boot itself has not mapped. Thread context or boot.
 * Cost: a walk of the page tables a page.
 */
const void *core_map_readable(uintptr_t physical, size_t bytes);

/*
 * A device's registers (ARCH_MAP_DEVICE) or memory (ARCH_MAP_UNCACHED), at their physical
 * addresses; whole pages around the range. 0, or what arch_mmu_map says: -EEXIST when a part is
 * mapped as something else. Thread context or boot.
 */
int core_map_device(uintptr_t physical, size_t bytes, enum arch_mapping kind);

#endif
