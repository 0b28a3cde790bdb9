/*
 * The memory checker's shadow (CHECK_MEMORY): a byte for each 8 bytes of RAM that says which of
 * them may be accessed, as the compilers' instrumentation wants it (Serebryany et al.,
 * "AddressSanitizer", USENIX ATC 2012): the byte of an address stands at address / 8 + an offset.
 *
 * RAM is divided in what is *covered*, whose shadow is mapped since boot, and what of that is
 * *open*, whose shadow has been written: the image and early memory, and pages in front of the page
 * allocator's frontier. Everything else is let through, and no shadow is touched for it.
 */
#ifndef MM_SHADOW_H
#define MM_SHADOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <kiln/config.h>

#define SHADOW_GRANULE ((size_t)8)

/* What a shadow byte says: 0 all of the 8 bytes, n the first n of them, else none, and why. Those
 * from 0xF1 to 0xF9 and 0xCA, 0xCB are the compilers'. */
enum shadow_kind {
    SHADOW_FINE = 0,
    SHADOW_ALLOCA_LEFT = 0xCA, /* around an array of variable length */
    SHADOW_ALLOCA_RIGHT = 0xCB,
    SHADOW_STACK_LEFT =
        0xF1, /* in front of a frame's first variable, between two, behind the last */
    SHADOW_STACK_MIDDLE = 0xF2,
    SHADOW_STACK_RIGHT = 0xF3,
    SHADOW_STACK_SCOPE = 0xF8, /* a variable outside its block */
    SHADOW_GLOBAL = 0xF9,      /* behind a global variable */
    SHADOW_HEAP = 0xFA,        /* around a block */
    SHADOW_OBJECT_FREED = 0xFB,
    SHADOW_SLAB = 0xFC, /* a slab's, but no object that is allocated */
    SHADOW_HEAP_FREED = 0xFD,
    SHADOW_PAGE_FREE = 0xFF
};

static inline uint8_t *shadow_of(uintptr_t address)
{
#ifdef KILN_SHADOW_OFFSET
    return (uint8_t *)(address / SHADOW_GRANULE + KILN_SHADOW_OFFSET);
#else
    (void)address;
    return NULL;
#endif
}

/* Takes RAM for the shadow out of what early memory has, maps it, and opens what lies between the
 * image's start and early memory that is not given away. Boot, once all ranges are added. */
void shadow_start(uintptr_t image);

/* From here on shadow_find_bad() finds nothing. Any context. */
void shadow_stop(void);

/* Memory comes into use, next to what is open or elsewhere: [start, end), rounded to granules, has
 * this shadow now. What is not covered stays as it is. Any context. */
void shadow_open(uintptr_t start, uintptr_t end, enum shadow_kind kind);

/* The same for whole pages above RAM, such as a stack's: all of them may be accessed. What is
 * around them is let through. False: there is no memory. Thread context. */
bool shadow_open_high(uintptr_t start, uintptr_t end);

/*
 * Changes what is open. Bytes that may be accessed begin at a granule and may end within one; of
 * what may not, whole granules. What is not open is passed over. Any context.
 */
void shadow_allow(uintptr_t start, size_t bytes);
void shadow_forbid(uintptr_t start, size_t bytes, enum shadow_kind kind);

/* The first of these bytes that may not be accessed; 0: all may. Any context. */
uintptr_t shadow_find_bad(uintptr_t start, size_t bytes);

/* Whether all of these bytes are open. Any context. */
bool shadow_is_open(uintptr_t start, size_t bytes);

#endif
