/* What is mapped for devices, in a list, so that a debug build finds what must not be. */
#include "dma_memory.h"
#include <kiln/panic.h>
#include <mm/lock.h>

/* Of all mappings; protected by the lock. */
static struct kiln_dma_mapping *first;
static struct kiln_spinlock lock = KILN_SPINLOCK_INIT;

/* What both only read may be mapped twice. */
static bool is_conflict(const struct kiln_dma_mapping *a, const struct kiln_dma_mapping *b)
{
    return a == b || (a->buffer < b->buffer + b->bytes && b->buffer < a->buffer + a->bytes &&
                      ((a->direction | b->direction) & KILN_DMA_FROM_DEVICE));
}

void dma_check_map(struct kiln_dma_mapping *mapping)
{
    uintptr_t state = mm_lock(&lock);
    const struct kiln_dma_mapping *other = first;

    while (other && !is_conflict(mapping, other))
        other = other->next;
    if (!other) {
        mapping->previous = NULL;
        mapping->next = first;
        if (first)
            first->previous = mapping;
        first = mapping;
    }
    mm_unlock(&lock, state);
    if (other)
        kiln_panic("dma: 0x%zx (%zu bytes) is mapped while a device has 0x%zx (%zu bytes)",
                   (uintptr_t)mapping->buffer, mapping->bytes, (uintptr_t)other->buffer,
                   other->bytes);
}

void dma_check_unmap(struct kiln_dma_mapping *mapping)
{
    uintptr_t state = mm_lock(&lock);
    const struct kiln_dma_mapping *found = first;

    while (found && found != mapping)
        found = found->next;
    if (found) {
        if (mapping->next)
            mapping->next->previous = mapping->previous;
        if (mapping->previous)
            mapping->previous->next = mapping->next;
        else
            first = mapping->next;
    }
    mm_unlock(&lock, state);
    if (!found)
        kiln_panic("dma: a mapping at 0x%zx is ended that is none", (uintptr_t)mapping);
}
