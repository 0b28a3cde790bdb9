/*
 * The DMA of QEMU's firmware configuration device reads and writes buffers of all kinds. QEMU
 * docs/specs/fw_cfg.rst: an access is a structure of big-endian numbers in memory, whose address is
 * written to a register; it is done when the structure's first word is 0.
 */
#include <kiln.h>
#include <string.h>
#include "tap.h"

#define PAGE       4096u
#define PAGES      6u

#define SIGNATURE  0x0000u
#define DIRECTORY  0x0019u

#define CTL_ERROR  1u
#define CTL_READ   2u
#define CTL_SKIP   4u
#define CTL_SELECT 8u
#define CTL_WRITE  16u

/* As in dma_fw_cfg.json. */
#define WORDS        "Water, earth, air and fire: four words that a device copies."
#define WORDS_LENGTH (sizeof(WORDS) - 1)

struct access {
    uint32_t control, bytes;
    uint64_t address;
};

struct entry {
    uint32_t bytes;
    uint16_t item, reserved;
    char name[56];
};

static volatile struct access *access; /* coherent */
static uint64_t access_bus;

#ifdef __x86_64__
static void tell(uint64_t bus)
{
    uint32_t high = __builtin_bswap32((uint32_t)(bus >> 32));
    uint32_t low = __builtin_bswap32((uint32_t)bus);

    __asm__ volatile("outl %0, %w1" : : "a"(high), "Nd"(0x514) : "memory");
    __asm__ volatile("outl %0, %w1" : : "a"(low), "Nd"(0x518) : "memory");
}
#else
static void tell(uint64_t bus)
{
    *(volatile uint64_t *)(uintptr_t)0x09020010 = __builtin_bswap64(bus);
}
#endif

/* One access; false if the device says that it failed. */
static bool run(uint32_t control, uint64_t bus, size_t bytes)
{
    access->address = __builtin_bswap64(bus);
    access->bytes = __builtin_bswap32((uint32_t)bytes);
    access->control = __builtin_bswap32(control);
    kiln_dma_fence();
    tell(access_bus);
    while (access->control & ~__builtin_bswap32(CTL_ERROR))
        ;
    kiln_dma_fence();
    return access->control == 0;
}

/* Reads the start of an item into a buffer, by a mapping that is a copy or not. */
static bool reads(const struct kiln_dma_device *device, unsigned item, void *buffer, size_t bytes,
                  bool is_copy)
{
    static struct kiln_dma_mapping in;

    memset(buffer, 0x5A, bytes);
    if (kiln_dma_map(&in, device, buffer, bytes, KILN_DMA_FROM_DEVICE))
        return false;
    bool is_done = run(item << 16 | CTL_SELECT | CTL_READ, in.bus, bytes);
    is_done = is_done && (in.copy != NULL) == is_copy;
    kiln_dma_unmap(&in);
    return is_done;
}

static unsigned find(const char *name)
{
    static struct {
        char room[KILN_DMA_LINE - 4]; /* so that entries are aligned */
        uint32_t count;
        struct entry entries[100];
    } directory KILN_DMA_ALIGNED;

    TAP_CHECK(reads(NULL, DIRECTORY, &directory.count, 4 + sizeof(directory.entries), false));
    unsigned count = __builtin_bswap32(directory.count);
    TAP_CHECK(count > 1 && count < 100);
    for (unsigned i = 0; i < count && i < 100; i++)
        if (strcmp(directory.entries[i].name, name) == 0)
            return __builtin_bswap16(directory.entries[i].item);
    tap_check(false, name);
    return 0;
}

/* Beyond the item's end a device reads zeros. */
static bool is_words(const char *bytes, size_t count)
{
    for (size_t i = WORDS_LENGTH; i < count; i++)
        if (bytes[i])
            return false;
    return memcmp(bytes, WORDS, count < WORDS_LENGTH ? count : WORDS_LENGTH) == 0;
}

static void test_reads(unsigned item)
{
    static char bytes[3 * PAGE] KILN_DMA_ALIGNED;
    static const struct kiln_dma_device blind = {.is_coherent = false};
    char *block = kiln_page_alloc(10, KILN_PAGE_WAIT);
    struct kiln_dma_device near = {.limit = (uintptr_t)block, .is_coherent = true};

    TAP_CHECK(reads(NULL, item, bytes + 1, 100, false) && is_words(bytes + 1, 100));
    TAP_CHECK(reads(NULL, item, bytes, sizeof(bytes), false) && is_words(bytes, sizeof(bytes)));
    TAP_CHECK(reads(&blind, item, bytes, 128, false) && is_words(bytes, 128));
#ifndef __x86_64__
    TAP_CHECK(reads(&blind, item, bytes + 1, 128, true) && is_words(bytes + 1, 128));
#endif
    TAP_CHECK(block && reads(&near, item, block + 7, 9 * PAGE, true) &&
              is_words(block + 7, 9 * PAGE));
#ifdef __x86_64__
    static const struct kiln_dma_device isa = KILN_DMA_COHERENT_BITS(24);
    char *many = kiln_page_alloc_exact(6144, KILN_PAGE_WAIT), *last = many + 6100 * PAGE;
    TAP_CHECK(many && (uintptr_t)last >= 1 << 24);
    TAP_CHECK(reads(&isa, item, last, 2 * PAGE, true) && is_words(last, 2 * PAGE));
    kiln_page_free_exact(many, 6144);
#endif
    kiln_page_free(block, 10);
}

/* Pages that lie apart: by a copy, and each stretch by an access of its own, of which only the
 * first selects. */
static void test_scattered(unsigned item)
{
    static struct kiln_dma_mapping list[PAGES];
    bool is_done = true;
    void *start;

    TAP_EQUAL(kiln_vm_reserve(PAGES * PAGE, 0, &start), 0);
    TAP_EQUAL(kiln_vm_map(start, PAGES * PAGE, KILN_VM_WRITE, 0), 0);
    tap_check(reads(NULL, item, start, PAGES * PAGE, true) || PAGES == 1, "pages as they come");
    TAP_CHECK(is_words(start, PAGES * PAGE));
    TAP_EQUAL(kiln_vm_unmap(start, PAGES * PAGE), 0);
    TAP_EQUAL(kiln_vm_map(start, PAGES * PAGE, KILN_VM_WRITE, 0), 0);
    for (unsigned i = 0; i < PAGES; i++)
        memset((char *)start + (i * 5 + 4) % PAGES * PAGE, 1, PAGE);
    size_t bytes = PAGES * PAGE - (PAGE - 30);
    int count = kiln_dma_map_list(list, PAGES, NULL, (char *)start + PAGE - 30, bytes,
                                  KILN_DMA_FROM_DEVICE);
    TAP_CHECK(count > 1);
    for (int i = 0; i < count; i++)
        is_done = is_done && run(i == 0 ? item << 16 | CTL_SELECT | CTL_READ : CTL_READ,
                                 list[i].bus, list[i].bytes);
    for (int i = 0; i < count; i++)
        kiln_dma_unmap(&list[i]);
    TAP_CHECK(is_done && is_words((char *)start + PAGE - 30, bytes));
    TAP_CHECK(((char *)start)[PAGE - 31] == 1);
    TAP_EQUAL(kiln_vm_release(start, PAGES * PAGE), 0);
}

/* The one item that can be written takes 16 bytes. */
static void test_write(unsigned item)
{
    static const char bytes[16] = "\1\0\2\0Kiln wrote ";
    static char back[KILN_DMA_LINE] KILN_DMA_ALIGNED;
    static struct kiln_dma_mapping out;

    TAP_EQUAL(kiln_dma_map(&out, NULL, (void *)(uintptr_t)bytes, sizeof(bytes), KILN_DMA_TO_DEVICE),
              0);
    TAP_CHECK(run(item << 16 | CTL_SELECT | CTL_WRITE, out.bus, sizeof(bytes)));
    kiln_dma_unmap(&out);
    TAP_CHECK(reads(NULL, item, back, sizeof(back), false));
    TAP_CHECK(memcmp(back, bytes, sizeof(bytes)) == 0);
}

int main(void)
{
    static char signature[4];

    access = kiln_dma_allocate(NULL, sizeof(*access), 0, &access_bus);
    TAP_CHECK(access != NULL);
    TAP_CHECK(reads(NULL, SIGNATURE, signature, 4, false) && memcmp(signature, "QEMU", 4) == 0);
    unsigned words = find("opt/kiln/words");
    test_reads(words);
    test_scattered(words);
    test_write(find("etc/vmcoreinfo"));
    TAP_CHECK(!run(0xFFu << 16 | CTL_SELECT | CTL_WRITE, access_bus, 4));
    kiln_dma_free(NULL, (void *)(uintptr_t)access, sizeof(*access));
    return tap_done();
}
