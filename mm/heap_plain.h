/*
 * kiln/heap.h for the heap itself. Where blocks are traced the program's calls are mm/traced.c's,
 * and the heap's own, on which those stand, have other names.
 */
#ifndef HEAP_PLAIN_H
#define HEAP_PLAIN_H

#include <mm/traced.h>

#if HEAP_TRACED
#ifdef KILN_HEAP_H
#error "kiln/heap.h comes with this header"
#endif
#define kiln_heap_allocate         kiln_heap_plain_allocate
#define kiln_heap_allocate_aligned kiln_heap_plain_allocate_aligned
#define kiln_heap_resize           kiln_heap_plain_resize
#define kiln_heap_free             kiln_heap_plain_free
#define kiln_heap_usable_bytes     kiln_heap_plain_usable_bytes
#define kiln_heap_get_stats        kiln_heap_plain_get_stats
#endif
#include <kiln/heap.h>

struct kiln_cache;

/* Whether a cache is one of the heap's own. Any context. */
bool heap_has_cache(const struct kiln_cache *cache);

#endif
