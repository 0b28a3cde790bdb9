/* From the first C instruction to main(): a plain list of calls. */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/percpu.h>
#include <arch/upcall.h>
#include <board.h>
#include <core/boot_info.h>
#include <core/console.h>
#include <core/cpu.h>
#include <core/fault_injection.h>
#include <core/interrupt.h>
#include <core/memory_bug.h>
#include <core/random.h>
#include <core/thread.h>
#include <core/time.h>
#include <irq_controller.h>
#include <kiln/panic.h>
#include <kiln/program.h>
#include <kiln/system.h>
#include <mm/early.h>
#include <mm/vm.h>

#define BLOCK_BYTES (2u * 1024 * 1024)

/* From the linker script. */
extern char __image_start[], __rodata_start[], __data_start[];
extern char __emergency_stack_guard[], __irq_stack_guard[], __irq_stack_top[];
extern char __image_end[], __early_end[];

/* What is mapped before RAM is: the image with its first tables, what the board wants to read, the
 * firmware's data. */
static struct boot_range early_mapped[3];
#define EARLY_MAPPED_END (&early_mapped[3])

static void check(int error, uintptr_t start, uintptr_t end)
{
    if (error)
        kiln_panic("cannot map 0x%zx-0x%zx (error %d)", start, end, -error);
}

static void map(uintptr_t start, uintptr_t end, enum arch_mapping kind)
{
    check(arch_mmu_map(&arch_boot_space, start, start, end - start, kind), start, end);
}

/* Tables that this needs are there, as long as boot does not know the RAM. */
static void unmap_page(uintptr_t page)
{
    arch_mmu_unmap_page(&arch_boot_space, page);
}

static void map_image(void)
{
    uintptr_t end = (uintptr_t)__early_end;
    map((uintptr_t)__image_start, (uintptr_t)__rodata_start, ARCH_MAP_CODE);
    map((uintptr_t)__rodata_start, (uintptr_t)__data_start, ARCH_MAP_READ_ONLY);
    map((uintptr_t)__data_start, end, ARCH_MAP_DATA);
    for (unsigned i = 0; i < ARCH_EMERGENCY_STACKS; i++)
        unmap_page((uintptr_t)__emergency_stack_guard +
                   i * (ARCH_PAGE_BYTES + ARCH_EMERGENCY_BYTES));
    unmap_page((uintptr_t)__irq_stack_guard);
    unmap_page((uintptr_t)__irq_stack_top);
    early_mapped[0] = (struct boot_range){(uintptr_t)__image_start, end};
}

static void map_device(const struct board_range *device)
{
    map(device->base, device->base + device->bytes, ARCH_MAP_DEVICE);
}

static uintptr_t block_down(uintptr_t address)
{
    return address & ~(uintptr_t)(BLOCK_BYTES - 1);
}

/* What firmware tells is mapped by whole blocks, as far as the image leaves them. False: it tells
 * nothing. */
static bool map_firmware_data(uintptr_t data)
{
    const struct boot_range *image = &early_mapped[0], *window = &early_mapped[1];
    size_t bytes = data ? board_firmware_data_bytes(data) : 0;
    if (!bytes)
        return false;
    if (data >= window->start && data + bytes <= window->end)
        return true;
    uintptr_t start = block_down(data);
    uintptr_t end = block_down(data + bytes - 1) + BLOCK_BYTES;
    if (data < image->start && end > image->start)
        end = image->start;
    if (data >= image->start && start < image->end)
        start = image->end;
    map(start, end, ARCH_MAP_DATA);
    early_mapped[2] = (struct boot_range){start, end};
    return true;
}

/* An argument that neither leads to firmware's data nor into the board's window is not mapped, and
 * means nothing. */
uintptr_t core_boot_map(uintptr_t boot_argument)
{
    mm_early_begin((uintptr_t)__image_end);
    arch_space_init(&arch_boot_space, KILN_CONFIG_VA_BITS, mm_early_page);
    map_image();
    map_device(&board_facts.devices[0]);
    uintptr_t window = board_facts.boot_window.base;
    uintptr_t window_end = window + board_facts.boot_window.bytes;
    map(window, window_end, ARCH_MAP_DATA);
    early_mapped[1] = (struct boot_range){window, window_end};
    uintptr_t data = boot_argument ? boot_argument : board_facts.default_device_tree;
    if (map_firmware_data(data))
        boot_argument = data;
    else if (boot_argument >= window_end)
        boot_argument = 0;
    arch_boot_space_ready((uintptr_t)__image_end, mm_early_next());
    return boot_argument;
}

/* RAM around what is mapped already, from that hole on. */
static void map_ram(uintptr_t start, uintptr_t end, const struct boot_range *hole)
{
    if (start >= end)
        return;
    if (hole == EARLY_MAPPED_END) {
        check(arch_mmu_map_fresh(&arch_boot_space, start, start, end - start, ARCH_MAP_DATA), start,
              end);
        return;
    }
    map_ram(start, hole->start < end ? hole->start : end, hole + 1);
    map_ram(hole->end > start ? hole->end : start, end, hole + 1);
}

static void find_memory(void)
{
    uintptr_t addresses_end = arch_mmu_limit(&arch_boot_space);
    boot_memory_limit(addresses_end - addresses_end / MM_RANGES_SHARE);
    const struct boot_range *range = boot_memory.ranges;
    for (unsigned left = boot_memory.count; left > 0; left--, range++)
        map_ram(range->start, range->end, early_mapped);
    for (unsigned i = board_facts.device_count; i > 1; i--)
        map_device(&board_facts.devices[i - 1]);
    /* The image itself, with what boot has already taken behind it. */
    boot_memory_reserve((uintptr_t)__image_start, mm_early_next() - (uintptr_t)__image_start);
    boot_memory_reserve(0, ARCH_PAGE_BYTES);
    mm_early_close();
    range = boot_memory.ranges;
    for (unsigned left = boot_memory.count; left > 0; left--, range++)
        mm_early_add_range(range->start, range->end - range->start);
    if (KILN_CONFIG_CHECK_MEMORY)
        core_memory_check_start((uintptr_t)__image_start);
}

/* Brings the CPUs that smp= asks for out of firmware's hands; returns how many there are. */
static unsigned gather_cpus(void)
{
    const char *option = kiln_boot_option("smp");
    unsigned wanted = option ? (unsigned)(*option - '0') : IRQ_CPUS;
    unsigned count = 1;
    while (count < wanted && count < boot_cpu_count() && board_cpu_gather(count) == 0)
        count++;
    return count;
}

static void main_thread_entry(void)
{
    int argc;
    arch_irq_enable();
    char **argv = boot_program_arguments(&argc);
    kiln_program_start(argc, argv);
}

void core_boot(uintptr_t boot_argument)
{
    board_early_init(boot_argument);
    find_memory();
    unsigned cpus = KILN_CONFIG_SMP ? gather_cpus() : 1;
    board_cpus_park(cpus);
    if (KILN_CONFIG_FAULT_INJECTION)
        core_fault_injection_begin();
    unmap_page(0);
    if (KILN_CONFIG_STACK_PROTECTOR)
        core_guard_init();
    if (core_thread_create_main())
        kiln_panic("no memory for the main thread: %zu bytes of RAM", kiln_ram_bytes());
    core_interrupt_init();
    core_time_init();
    if (KILN_CONFIG_SMP) {
        core_console_host();
        core_start_cpus(cpus);
    }
    arch_thread_start(arch_thread_self()->stack_top, main_thread_entry);
}
