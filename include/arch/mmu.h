/*
 * The arch contract: page tables. The mapper is plain C over memory, and is tested on the host.
 * A space is one tree of tables; the caller serialises changes to it. Thread context or boot; an
 * exception's handler where only single pages are mapped, protected or exchanged, is_zeroed and
 * flushes_later are set and no block is split: then FP registers are left alone.
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARCH_PAGE_SHIFT 12
#define ARCH_PAGE_BYTES ((size_t)1 << ARCH_PAGE_SHIFT)

/* What a mapping allows and how it is cached. */
enum arch_mapping {
    ARCH_MAP_CODE,      /* read and execute */
    ARCH_MAP_READ_ONLY, /* read */
    ARCH_MAP_DATA,      /* read and write */
    ARCH_MAP_UNCACHED,  /* read and write, normal memory, not cached: for coherent DMA */
    ARCH_MAP_DEVICE,    /* read and write, device memory with early write acknowledgement (nGnRE) */
    ARCH_MAP_NONE       /* what a query says of an unmapped address */
};

/* Supplies one page for a table, physical = virtual, contents arbitrary; 0 when there is none. */
typedef uintptr_t (*arch_page_source_t)(void);

struct arch_space {
    uint64_t *root;            /* top table */
    arch_page_source_t source; /* where further tables come from */
    unsigned va_bits;          /* 39 or 48, as far as the ISA leaves the choice */
    bool is_zeroed;            /* the source's pages are zeros: a new table is not cleared */
    bool flushes_later;        /* unmap, protect and exchange leave TLBs to arch_mmu_flush() */
};

/* What arch_mmu_query finds. */
struct arch_mapping_info {
    enum arch_mapping kind;
    uintptr_t physical; /* of the queried address */
    size_t block_bytes; /* size of the page or block that maps it */
};

/* Makes an empty space. 0 or -ENOMEM. */
int arch_space_init(struct arch_space *space, unsigned va_bits, arch_page_source_t source);

/*
 * Maps [va, va+bytes) to [pa, pa+bytes), page-aligned, with the largest blocks that fit. What is
 * already mapped the same way stays; a block that the range covers in part is split. Changing a
 * live mapping also invalidates its TLB entries (on all CPUs).
 * 0, -EINVAL (alignment, range), -ENOMEM, or -EEXIST (mapped otherwise: unmap first); after an
 * error what stands in front of the obstacle is mapped. Cost: about 5 instructions per entry.
 *
 * Splitting a block, or changing its memory type, leaves it unmapped for a moment: no CPU may run
 * in it or on a stack in it.
 */
int arch_mmu_map(struct arch_space *space, uintptr_t va, uintptr_t pa, size_t bytes,
                 enum arch_mapping kind);

/* The same where, by the caller's word, nothing is mapped yet; only CHECKS builds look
 * (-EEXIST). For boot: a fifth of the cost. */
int arch_mmu_map_fresh(struct arch_space *space, uintptr_t va, uintptr_t pa, size_t bytes,
                       enum arch_mapping kind);

/* Maps one page where nothing is mapped, and where the space can: what was written to it before is
 * seen by whoever sees it there. 0, -ENOMEM or -EEXIST. */
int arch_mmu_map_page(struct arch_space *space, uintptr_t va, uintptr_t pa, enum arch_mapping kind);

/* Removes mappings; what is not mapped is passed over. 0, -EINVAL, -ENOMEM (splitting a block). */
int arch_mmu_unmap(struct arch_space *space, uintptr_t va, size_t bytes);

/* The same for one page, which is mapped, or could be. For boot: about 60 instructions. */
int arch_mmu_unmap_page(struct arch_space *space, uintptr_t va);

/* Changes the kind of what is mapped. What is no longer to be cached may be cached still:
 * arch_cache_clean_invalidate() it then. 0, -EINVAL, -ENOMEM or -EFAULT (not mapped throughout). */
int arch_mmu_protect(struct arch_space *space, uintptr_t va, size_t bytes, enum arch_mapping kind);

/* The same for what of a range is mapped, where the space can map; the rest is passed over. 0 or
 * -ENOMEM. About 16 instructions a page. */
int arch_mmu_protect_mapped(struct arch_space *space, uintptr_t va, size_t bytes,
                            enum arch_mapping kind);

/*
 * Puts another page in the place of one that is mapped by an entry of its own, or nothing, with
 * ARCH_MAP_NONE. Returns the physical address of the one that was there; 0, and nothing is changed:
 * there is none.
 */
uintptr_t arch_mmu_exchange(struct arch_space *space, uintptr_t va, uintptr_t pa,
                            enum arch_mapping kind);

/* Forgets translations of a range: on all CPUs, as arch_tlb_flush() of isa/mmu.h does it; on this
 * one alone, in any context. */
void arch_mmu_flush(uintptr_t va, size_t bytes);
void arch_mmu_flush_here(uintptr_t va, size_t bytes);

/*
 * Puts a table in the place of a block, of smaller ones that map the same: it is made first, which
 * takes some 1,000 instructions, and leads nowhere until it has its place, while nobody changes the
 * block. 0: no memory.
 */
uintptr_t arch_mmu_make_split(struct arch_space *space, uintptr_t va);
void arch_mmu_split(struct arch_space *space, uintptr_t va, uintptr_t table);

/*
 * Takes tables out of a space from which a range has been unmapped: those that translate some of
 * it, and nothing outside [low, high), in which nothing is mapped any more. The sink gets them, and
 * may use their memory once the range is flushed. That is done for some of the range, in a few
 * hundred instructions: returns for how many bytes, from the start on.
 */
size_t arch_mmu_release_tables(struct arch_space *space, uintptr_t va, size_t bytes, uintptr_t low,
                               uintptr_t high, void (*sink)(uintptr_t table));

/* The first address that the space cannot map. */
uintptr_t arch_mmu_limit(const struct arch_space *space);

/* Zeroes a page of normal memory with general registers alone. Any context once caches are on. */
void arch_page_clear(void *page);

/* What va maps to. Any context, as long as nobody takes away tables for it. */
struct arch_mapping_info arch_mmu_query(const struct arch_space *space, uintptr_t va);

/* The space that this machine runs in, made at boot. */
extern struct arch_space arch_boot_space;

/* The boot space's tables stand in [tables, tables_end) and are complete enough to turn the MMU on.
 * Boot, MMU off. */
void arch_boot_space_ready(uintptr_t tables, uintptr_t tables_end);

#endif
