/*
 * A Pi's DMA engine copies between buffers of all kinds: coherent ones, buffers in place, copies of
 * what it does not reach or would share lines of, and pages that lie apart, by a chain of control
 * blocks. BCM2835 ARM Peripherals §4.2; the firmware leaves channel 5 to programs (Linux
 * arch/arm/boot/dts/bcm2711.dtsi and bcm2835-common.dtsi, brcm,dma-channel-mask).
 */
#include <kiln.h>
#include <string.h>
#include "tap.h"

#define PAGE         4096u
#define PAGES        12u
#define CHANNEL      5u

#define CS           0x00
#define CONBLK_AD    0x04
#define ENABLE       0xFF0 /* of all channels */

#define CS_ACTIVE    (1u << 0)
#define CS_END       (1u << 1)
#define CS_INT       (1u << 2)
#define CS_ERROR     (1u << 8)
#define CS_WAIT      (1u << 28)
#define CS_RESET     (1u << 31)

#define TI_INTEN     (1u << 0)
#define TI_WAIT_RESP (1u << 3)
#define TI_DEST_INC  (1u << 4)
#define TI_SRC_INC   (1u << 8)

struct control_block {
    uint32_t information, source, destination, bytes, stride, next, reserved[2];
};

static const struct kiln_dma_device engine = KILN_DMA_VIDEOCORE;
static uintptr_t registers;
static volatile struct control_block *blocks; /* a page, coherent */
static uint64_t blocks_bus;
static uint32_t interrupts; /* atomic */

static volatile uint32_t *channel(unsigned offset)
{
    return (volatile uint32_t *)(registers + CHANNEL * 0x100 + offset);
}

static KILN_INTERRUPT_HANDLER void done(void *unused)
{
    (void)unused;
    *channel(CS) = CS_INT;
    __atomic_fetch_add(&interrupts, 1, __ATOMIC_RELAXED);
}

static void set_block(unsigned n, uint64_t to, uint64_t from, size_t bytes, bool is_last)
{
    blocks[n].information = TI_SRC_INC | TI_DEST_INC | TI_WAIT_RESP | (is_last ? TI_INTEN : 0);
    blocks[n].source = (uint32_t)from;
    blocks[n].destination = (uint32_t)to;
    blocks[n].bytes = (uint32_t)bytes;
    blocks[n].stride = 0;
    blocks[n].next = is_last ? 0 : (uint32_t)(blocks_bus + (n + 1) * sizeof(*blocks));
}

/* Runs the chain, and returns when it is done: false if that takes a second, or it failed. */
static bool run(void)
{
    uint32_t before = __atomic_load_n(&interrupts, __ATOMIC_RELAXED);
    int64_t end = kiln_time_after(KILN_SECONDS(1));

    kiln_dma_fence();
    *channel(CONBLK_AD) = (uint32_t)blocks_bus;
    *channel(CS) = CS_ACTIVE | CS_WAIT | CS_END;
    while ((*channel(CS) & CS_ACTIVE) || __atomic_load_n(&interrupts, __ATOMIC_RELAXED) == before)
        if (kiln_time_now() > end)
            return false;
    kiln_dma_fence();
    return (*channel(CS) & (CS_END | CS_ERROR)) == CS_END;
}

/* Of arbitrary content, different each time. */
static void fill(char *bytes, size_t count)
{
    static uint32_t number;

    for (size_t i = 0; i < count; i++) {
        number = number * 1103515245u + 12345u;
        bytes[i] = (char)(number >> 20);
    }
}

static bool copies(const struct kiln_dma_device *device, char *to, char *from, size_t bytes)
{
    static struct kiln_dma_mapping in, out;

    fill(from, bytes);
    memset(to, 0, bytes);
    if (kiln_dma_map(&out, device, from, bytes, KILN_DMA_TO_DEVICE) ||
        kiln_dma_map(&in, device, to, bytes, KILN_DMA_FROM_DEVICE))
        return false;
    set_block(0, in.bus, out.bus, bytes, true);
    bool is_done = run();
    kiln_dma_unmap(&in);
    kiln_dma_unmap(&out);
    return is_done && memcmp(to, from, bytes) == 0;
}

static void test_coherent(void)
{
    uint64_t to_bus, from_bus;
    char *to = kiln_dma_allocate(&engine, 3 * PAGE, 0, &to_bus);
    char *from = kiln_dma_allocate(&engine, 3 * PAGE, 0, &from_bus);

    TAP_CHECK(to && from && to_bus == (uintptr_t)to + 0xC0000000);
    fill(from, 3 * PAGE);
    set_block(0, to_bus, from_bus, 3 * PAGE, true);
    TAP_CHECK(run());
    TAP_CHECK(memcmp(to, from, 3 * PAGE) == 0);
    set_block(0, to_bus + PAGE, from_bus, PAGE, false);
    set_block(1, to_bus, from_bus + PAGE, PAGE, true);
    TAP_CHECK(run());
    TAP_CHECK(memcmp(to + PAGE, from, PAGE) == 0 && memcmp(to, from + PAGE, PAGE) == 0);
    kiln_dma_free(&engine, to, 3 * PAGE);
    kiln_dma_free(&engine, from, 3 * PAGE);
}

static void test_in_place(void)
{
    static char to[4 * PAGE] KILN_DMA_ALIGNED, from[4 * PAGE] KILN_DMA_ALIGNED;
    bool is_right = true;

    for (unsigned bytes = KILN_DMA_LINE; bytes <= sizeof(to); bytes += 7 * KILN_DMA_LINE)
        is_right = is_right && copies(&engine, to, from, bytes);
    TAP_CHECK(is_right);
    TAP_CHECK(copies(NULL, to, from, sizeof(to)));
}

/* What lies beside the buffer, in the same lines, is written while the engine has it. */
static void test_shared_lines(void)
{
    static char to[8 * KILN_DMA_LINE] KILN_DMA_ALIGNED, from[4 * KILN_DMA_LINE];
    static struct kiln_dma_mapping in, out;
    const unsigned first = 20, bytes = 200;

    memset(to, 1, sizeof(to));
    fill(from, bytes);
    TAP_EQUAL(kiln_dma_map(&out, &engine, from, bytes, KILN_DMA_TO_DEVICE), 0);
    TAP_EQUAL(kiln_dma_map(&in, &engine, to + first, bytes, KILN_DMA_FROM_DEVICE), 0);
    TAP_CHECK(in.bus != (uintptr_t)to + first + 0xC0000000 && !out.copy);
    set_block(0, in.bus, out.bus, bytes, true);
    to[first - 1] = to[first + bytes] = 2;
    TAP_CHECK(run());
    kiln_dma_unmap(&in);
    kiln_dma_unmap(&out);
    TAP_CHECK(memcmp(to + first, from, bytes) == 0);
    TAP_CHECK(to[first - 1] == 2 && to[first + bytes] == 2 && to[first - 2] == 1);
}

/* Above the first GiB, where the machine has such RAM; else above a limit that is made up. */
static void test_out_of_reach(void)
{
    struct kiln_dma_device device = engine;
    char *to = kiln_page_alloc(4, KILN_PAGE_WAIT), *from = kiln_page_alloc(4, KILN_PAGE_WAIT);

    TAP_CHECK(to && from);
    if (kiln_ram_bytes() > (UINT64_C(1) << 30)) {
        tap_check((uintptr_t)to >= 0x40000000, "a page beyond the engine's reach");
        TAP_CHECK(copies(NULL, to, from, 16 * PAGE));
    } else {
        device.limit = (uintptr_t)(to < from ? to : from);
    }
    TAP_CHECK(copies(&device, to, from, 16 * PAGE));
    kiln_page_free(to, 4);
    kiln_page_free(from, 4);
}

/* A chain with a block for each stretch of a range of pages. */
static void test_scattered(void)
{
    static struct kiln_dma_mapping list[PAGES];
    uint64_t bus;
    unsigned at = 0;
    void *start;
    char *to = kiln_dma_allocate(&engine, PAGES * PAGE, 0, &bus);

    TAP_EQUAL(kiln_vm_reserve(PAGES * PAGE, 0, &start), 0);
    TAP_EQUAL(kiln_vm_map(start, PAGES * PAGE, KILN_VM_WRITE, 0), 0);
    for (unsigned i = 0; i < PAGES; i++)
        ((char *)start)[i * 5 % PAGES * PAGE] = 1;
    fill(start, PAGES * PAGE);
    int count = kiln_dma_map_list(list, PAGES, &engine, start, PAGES * PAGE, KILN_DMA_TO_DEVICE);
    TAP_CHECK(count > 1);
    for (int i = 0; i < count; i++) {
        set_block((unsigned)i, bus + at, list[i].bus, list[i].bytes, i == count - 1);
        at += (unsigned)list[i].bytes;
    }
    TAP_CHECK(run());
    TAP_CHECK(memcmp(to, start, PAGES * PAGE) == 0);
    for (int i = 0; i < count; i++)
        kiln_dma_unmap(&list[i]);
    TAP_CHECK(copies(&engine, (char *)start + PAGE, to, 5 * PAGE));
    kiln_dma_free(&engine, to, PAGES * PAGE);
    TAP_EQUAL(kiln_vm_release(start, PAGES * PAGE), 0);
}

int main(void)
{
    bool is_raspi4 = strcmp(kiln_board_name(), "raspi4") == 0;
    registers = is_raspi4 ? 0xFE007000 : 0x3F007000;
    blocks = kiln_dma_allocate(&engine, PAGE, 0, &blocks_bus);
    TAP_CHECK(blocks != NULL);
    *(volatile uint32_t *)(registers + ENABLE) |= 1u << CHANNEL;
    *channel(CS) = CS_RESET;
    TAP_EQUAL(kiln_irq_attach((is_raspi4 ? 96 : 32) + 16 + CHANNEL, done, NULL), 0);
    test_coherent();
    test_in_place();
    test_shared_lines();
    test_out_of_reach();
    test_scattered();
    TAP_CHECK(interrupts > 20);
    return tap_done();
}
