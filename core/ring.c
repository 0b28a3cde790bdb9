/*
 * Rings between any number of producers and consumers. Each place says whose turn it is, so that a
 * position that has come round again is told from what it was (no ABA); a position has 64 bits.
 * After D. Vyukov's bounded queue; turns begin with 0 in every place, so that a ring of zeros is
 * empty.
 */
#include <kiln/ring.h>

#include <arch/step.h>

/* Takes the position that stands in *word if its place has that turn. Returns the place; NULL: it
 * does not have it yet. */
static inline struct kiln_ring_place *claim(const struct kiln_ring *ring, uint64_t *word,
                                            uint64_t is_filled, uint64_t *turn)
{
    for (;;) {
        uint64_t position = arch_step_begin(word);
        struct kiln_ring_place *place = &ring->places[position & ring->mask];
        uint64_t found = __atomic_load_n(&place->turn, __ATOMIC_ACQUIRE);

        *turn = (position & ~ring->mask) + is_filled;
        if (__builtin_expect(found == *turn, 1)) {
            if (__builtin_expect(arch_step_end(word, position, position + 1), 1))
                return place;
        } else if ((int64_t)(found - *turn) < 0) {
            return NULL;
        }
    }
}

bool kiln_ring_put(struct kiln_ring *ring, void *item)
{
    uint64_t turn;
    struct kiln_ring_place *place = claim(ring, &ring->put, 0, &turn);

    if (!place)
        return false;
    place->item = item;
    __atomic_store_n(&place->turn, turn + 1, __ATOMIC_RELEASE);
    return true;
}

bool kiln_ring_take(struct kiln_ring *ring, void **item)
{
    uint64_t turn;
    struct kiln_ring_place *place = claim(ring, &ring->taken, 1, &turn);

    if (!place)
        return false;
    *item = place->item;
    __atomic_store_n(&place->turn, turn + ring->mask, __ATOMIC_RELEASE);
    return true;
}

size_t kiln_ring_count(const struct kiln_ring *ring)
{
    uint64_t taken = __atomic_load_n(&ring->taken, __ATOMIC_RELAXED);
    int64_t count = (int64_t)(__atomic_load_n(&ring->put, __ATOMIC_RELAXED) - taken);

    return count > 0 ? (size_t)count : 0;
}
