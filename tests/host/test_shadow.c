/*
 * The shadow against a model that knows of each byte whether it may be accessed. RAM is addresses
 * only: what is read and written is the shadow, which the fake mapper supplies.
 */
#include <sys/mman.h>
#include <arch/mmu.h>
#include <kiln/system.h>
#include <mm/early.h>
#include <mm/page.h>
#include <mm/shadow.h>
#include "panic_support.h"

#define RAM         ((uintptr_t)0x210000000000)
#define IMAGE_BYTES ((size_t)300 * 1024)
#define FIRST_BYTES ((size_t)128 << 20) /* a range of which blocks map the shadow */
#define HOLE_BYTES  ((size_t)20480)     /* less than a page of shadow stands for */
#define SECOND      (RAM + FIRST_BYTES + HOLE_BYTES)
#define LAST_BYTES  ((size_t)4 << 20)
#define SMALL       (SECOND + LAST_BYTES + (1 << 20))
#define SMALL_BYTES ((size_t)64 * 1024)

struct arch_space arch_boot_space;

static struct {
    uintptr_t va, pa;
    size_t bytes;
} mapped[8];
static unsigned maps;

int arch_mmu_map(struct arch_space *space, uintptr_t va, uintptr_t pa, size_t bytes,
                 enum arch_mapping kind)
{
    void *at = mmap((void *)va, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);

    (void)space;
    if (at != (void *)va || kind != ARCH_MAP_DATA || (va | pa | bytes) % ARCH_PAGE_BYTES)
        kiln_panic("a mapping that cannot be");
    memset((void *)(va + bytes - ARCH_PAGE_BYTES), 0x55, ARCH_PAGE_BYTES);
    mapped[maps].va = va;
    mapped[maps].pa = pa;
    mapped[maps++].bytes = bytes;
    return 0;
}

struct arch_mapping_info arch_mmu_query(const struct arch_space *space, uintptr_t va)
{
    (void)space;
    for (unsigned i = 0; i < maps; i++)
        if (va - mapped[i].va < mapped[i].bytes)
            return (struct arch_mapping_info){.kind = ARCH_MAP_DATA};
    return (struct arch_mapping_info){.kind = ARCH_MAP_NONE};
}

uintptr_t arch_mmu_limit(const struct arch_space *space)
{
    (void)space;
    return (uintptr_t)1 << 46;
}

static bool has_pages = true;

void *kiln_page_alloc(unsigned order, unsigned flags)
{
    return has_pages && order == 0 && flags & PAGE_ZERO ? (void *)RAM : NULL;
}

void kiln_page_free(void *block, unsigned order)
{
    kiln_panic("%p is freed, %u", block, order);
}

int arch_mmu_map_page(struct arch_space *space, uintptr_t va, uintptr_t pa, enum arch_mapping kind)
{
    int error = arch_mmu_map(space, va, pa, ARCH_PAGE_BYTES, kind);

    memset((void *)va, 0, ARCH_PAGE_BYTES);
    return error;
}

static void test_start(void)
{
    uintptr_t start, taken = 0;
    size_t bytes;

    mm_early_begin(RAM + IMAGE_BYTES);
    TAP_CHECK(mm_early_allocate(100, 8) != NULL);
    mm_early_close();
    mm_early_add_range(mm_early_next(), RAM + FIRST_BYTES - mm_early_next());
    mm_early_add_range(SECOND, LAST_BYTES);
    mm_early_add_range(SMALL, SMALL_BYTES);
    shadow_start(RAM);
    TAP_EQUAL(maps, 2);
    TAP_EQUAL((mapped[0].va - mapped[0].pa) % (2 << 20), 0);
    tap_check(mapped[0].pa + mapped[0].bytes <= RAM + FIRST_BYTES &&
                  mapped[1].pa + mapped[1].bytes == SECOND + LAST_BYTES,
              "the shadow is cut from the ends of ranges");
    tap_check(mapped[0].va + mapped[0].bytes == mapped[1].va, "a page of shadow that two share");
    while (mm_early_take_range(&start, &bytes)) {
        tap_check(start + bytes <= mapped[0].pa || start >= SECOND, "and nobody else has it");
        tap_check(start < SECOND || start >= SMALL || start + bytes == mapped[1].pa,
                  "as in the second range");
        taken += bytes;
    }
    TAP_CHECK(taken > FIRST_BYTES / 9 * 7 + SMALL_BYTES);
    TAP_CHECK(!shadow_find_bad(RAM, IMAGE_BYTES + 100));
    TAP_EQUAL(shadow_find_bad(RAM, IMAGE_BYTES + 200), RAM + IMAGE_BYTES + 104);
    TAP_CHECK(!shadow_find_bad(RAM - 100, 50) && !shadow_find_bad(SECOND, 8));
}

#define MODEL_BYTES 4096u

static unsigned char may[MODEL_BYTES];

static uintptr_t model_bad(uintptr_t base, size_t offset, size_t bytes)
{
    for (size_t i = offset; i < offset + bytes; i++)
        if (i >= MODEL_BYTES || !may[i])
            return base + i;
    return 0;
}

/* Bytes at the start of granules are accessible, or none of a granule's are. */
static void change(uintptr_t base, size_t offset, size_t bytes, bool allow)
{
    size_t whole = (bytes + 7) & ~(size_t)7;

    if (allow) {
        shadow_allow(base + offset, bytes);
        memset(may + offset, 0, whole);
        memset(may + offset, 1, bytes);
    } else {
        shadow_forbid(base + offset, whole, SHADOW_HEAP);
        memset(may + offset, 0, whole);
    }
}

static void test_model(uintptr_t base, unsigned seed)
{
    unsigned wrong = 0;

    srand(seed);
    shadow_open(base, base + MODEL_BYTES / 2, SHADOW_PAGE_FREE);
    shadow_open(base + MODEL_BYTES / 2, base + MODEL_BYTES, SHADOW_PAGE_FREE);
    memset(may, 0, sizeof(may));
    for (unsigned i = 0; i < 20000 && !wrong; i++) {
        size_t offset = (size_t)rand() % MODEL_BYTES, bytes = (size_t)rand() % 200;

        if (offset / 8 * 8 + bytes + 8 < MODEL_BYTES)
            change(base, offset / 8 * 8, bytes, rand() % 2);
        offset = (size_t)rand() % MODEL_BYTES;
        bytes = rand() % 2 ? 1u << rand() % 5 : (size_t)rand() % 300;
        wrong += shadow_find_bad(base + offset, bytes) != model_bad(base, offset, bytes);
    }
    if (!tap_check(wrong == 0, "what may be accessed is what the model says"))
        printf("# seed %u\n", seed);
    TAP_EQUAL(shadow_find_bad(base + MODEL_BYTES - 1, SIZE_MAX),
              model_bad(base, MODEL_BYTES - 1, 2));
}

/* Above RAM, pages of shadow are there for what somebody has opened, and for what is beside it. */
static void test_high(void)
{
    uintptr_t high = arch_mmu_limit(NULL) / 16 * 15 + 8192;

    tap_check(!shadow_is_open(high, 1), "nothing is open above RAM");
    has_pages = false;
    tap_check(!shadow_open_high(high, high + 65536), "nor without memory");
    has_pages = true;
    tap_check(shadow_open_high(high, high + 65536), "but what is opened there");
    TAP_EQUAL(maps, 5);
    tap_check(shadow_open_high(high + 69632, high + 73728), "a neighbour shares a page of shadow");
    TAP_EQUAL(maps, 5);
    shadow_forbid(high + 40000, 8, SHADOW_STACK_LEFT);
    TAP_EQUAL(shadow_find_bad(high, 65536), high + 40000);
    TAP_CHECK(!shadow_find_bad(high + 40008, 65536 - 40008));
    TAP_EQUAL(shadow_find_bad(high + 40008, 1 << 20), high - 8192 + 98304);
    TAP_CHECK(!shadow_is_open(high - 8192 + 98304, 1));
}

int main(int argc, char **argv)
{
    unsigned seed = argc > 1 ? (unsigned)atoi(argv[1]) : 1;

    test_start();
    for (unsigned i = 0; i < 5; i++)
        test_model(SECOND + i * 8 * MODEL_BYTES, seed + i);
    shadow_open(SMALL, SMALL + 4096, SHADOW_PAGE_FREE);
    tap_check(!shadow_find_bad(SMALL, 1), "what is not covered is let through");
    test_high();
    tap_check(shadow_find_bad(SECOND, MODEL_BYTES) != 0, "what is bad is bad");
    shadow_stop();
    tap_check(!shadow_find_bad(SECOND, MODEL_BYTES), "until the checker is stopped");
    return tap_done();
}
