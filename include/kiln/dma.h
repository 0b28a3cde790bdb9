/*
 * DMA: memory that a device reads and writes by itself. There are two ways:
 *
 *   coherent buffers   kiln_dma_allocate(): CPUs and device see every write of the other, without
 *                      further calls. For rings and control blocks.
 *   mappings           kiln_dma_map(): any buffer of the program is the device's for a while.
 * Caches are cleaned and invalidated; what the device cannot use in place is copied.
 *
 * An address that a device is told is a bus address, which need not be the CPU's. What coherent
 * buffers do not do is to order accesses: between a write to one and the write to a register that
 * makes the device look, and between the read that tells that it is done and those of what it has
 * written, stands kiln_dma_fence(). The fences of C order for other CPUs, not for devices.
 */
#ifndef KILN_DMA_H
#define KILN_DMA_H

#include <kiln/api.h>

KILN_BEGIN

/**
 * How a device sees memory. Where a call takes one, NULL stands for the board's ordinary devices
 * (docs/boards.md). It must not change while something is mapped or allocated for it.
 */
struct kiln_dma_device {
    uint64_t limit;    /**< end of the physical addresses that it reaches; 0: it reaches all */
    uint64_t offset;   /**< a bus address is the physical one plus this, modulo 2^64 */
    uint64_t boundary; /**< a power of two: no buffer crosses a multiple of it; 0: all may */
    bool is_coherent;  /**< it sees CPUs' caches. On a PC every device does */
};

/** Initialisers of a device that sees caches, as in PCs and QEMU's virt, with addresses of so many
 * bits, and as many as there are. */
#define KILN_DMA_COHERENT_BITS(bits)                                                               \
    {                                                                                              \
        .limit = (uint64_t)1 << (bits), .is_coherent = true                                        \
    }
#define KILN_DMA_COHERENT                                                                          \
    {                                                                                              \
        .is_coherent = true                                                                        \
    }

/**
 * Initialisers for Raspberry Pis. Masters on the VideoCore's bus see the first GiB from 0xC0000000
 * on, past its L2 cache: DMA channels 0 to 10 (on a Pi 3 all), USB, SD host controllers (BCM2835
 * ARM Peripherals §1.2.3, BCM2711 ARM Peripherals §1.2.4 and §4.5). On a Pi 4, DMA channels 11 to
 * 14 and Ethernet see all memory as the CPUs do, PCI Express the first 3 GiB (Linux
 * arch/arm/boot/dts/bcm2711.dtsi, dma-ranges).
 */
#define KILN_DMA_VIDEOCORE                                                                         \
    {                                                                                              \
        .limit = 0x40000000, .offset = 0xC0000000                                                  \
    }
#define KILN_DMA_BCM2711_WIDE                                                                      \
    {                                                                                              \
        .limit = 0                                                                                 \
    }
#define KILN_DMA_BCM2711_PCIE                                                                      \
    {                                                                                              \
        .limit = 0xC0000000                                                                        \
    }

/** What is mapped for a device to write begins and ends on multiples of this, or is copied. */
#define KILN_DMA_LINE    64
#define KILN_DMA_ALIGNED __attribute__((aligned(KILN_DMA_LINE)))

/**
 * A coherent buffer of zeros, within the device's reach: its address, and in *bus the device's. It
 * is aligned to `alignment`, a power of two up to 4 MiB, at least to a page, and takes whole pages;
 * kiln/region.h cuts smaller ones out of it. NULL: there is no such memory. Thread context.
 *
 * For a device that does not see caches it is normal memory that is not cached, in blocks of 2 MiB
 * that are taken out of cached memory as they are needed: the first buffer in one costs some
 * 100,000 instructions, others about 100 and the zeros.
 */
void *kiln_dma_allocate(const struct kiln_dma_device *device, size_t bytes, size_t alignment,
                        uint64_t *bus);

/** Gives a buffer back, with the bytes that were asked for; the device has stopped using it. NULL
 * is let pass. Anything else than such a buffer panics. Thread context. */
void kiln_dma_free(const struct kiln_dma_device *device, void *memory, size_t bytes);

/** Orders what was written to and read from coherent buffers before with whatever is written to
 * and read from them or devices' registers after. Any context. */
void kiln_dma_fence(void);

/** Who writes. What a device does not write stays as it was. */
enum kiln_dma_direction { KILN_DMA_TO_DEVICE = 1, KILN_DMA_FROM_DEVICE = 2, KILN_DMA_BOTH = 3 };

/** A mapped buffer. Zeros: nothing is mapped. But for `bus` its fields are the runtime's. */
struct kiln_dma_mapping {
    uint64_t bus; /**< where the device finds the buffer */
    const struct kiln_dma_device *device;
    char *buffer;
    size_t bytes; /* 0: nothing is mapped */
    char *copy;   /* what the device uses instead; NULL: the buffer itself */
    uint8_t direction;
    bool is_cpus;                             /* whose turn it is */
    struct kiln_dma_mapping *next, *previous; /* with CHECKS=1: of all */
};

/**
 * Hands a buffer over to a device: until kiln_dma_unmap() or kiln_dma_sync_for_cpu() the program
 * keeps its hands off it. The device uses it in place if it
 *   - is physically contiguous, and, if the device writes, may be written;
 *   - lies within the device's limit and boundary;
 *   - shares no cache line with anything else, if the device writes and does not see caches: else
 *     what the program writes beside it would get lost, or destroy what the device has written.
 * Otherwise it uses a copy, and the buffer is copied to it here and back when the program's turn
 * comes. A snapshot of the buffer (kiln/vm.h) must not be made or rolled back meanwhile.
 *
 * 0; -EINVAL: no bytes, more than the device's limit or boundary lets be, or no such direction;
 * -EFAULT: device memory; -ENOMEM: no memory for a copy; -EBUSY: the mapping is in use already.
 * Any context; a copy of memory on demand (kiln/vm.h) that was not touched yet is none for
 * handlers. Cost: about 100 instructions, 2 for each cache line, 1 for each 8 bytes copied.
 */
int kiln_dma_map(struct kiln_dma_mapping *mapping, const struct kiln_dma_device *device,
                 void *buffer, size_t bytes, enum kiln_dma_direction direction);

/** The device has finished: the buffer is the program's again. Ends the mapping. What the program
 * wrote since kiln_dma_sync_for_cpu() stays. Any context; costs as mapping does. */
void kiln_dma_unmap(struct kiln_dma_mapping *mapping);

/**
 * In between, the buffer changes hands: for_cpu when the device pauses, so that the program sees
 * what it wrote; for_device before the device goes on, so that it sees what the program wrote. Who
 * has it already keeps it. Any context; costs as mapping does.
 */
void kiln_dma_sync_for_cpu(struct kiln_dma_mapping *mapping);
void kiln_dma_sync_for_device(struct kiln_dma_mapping *mapping);

/**
 * A scatter list: maps a buffer by as many mappings, one for each stretch of it that is physically
 * contiguous, and returns how many of `most` that took. Only stretches that the device cannot use
 * in place are copied. -ENOSPC: more than `most`; else as kiln_dma_map(). After an error nothing is
 * mapped. Any context. Each is unmapped and synchronised by itself.
 */
int kiln_dma_map_list(struct kiln_dma_mapping *mappings, unsigned most,
                      const struct kiln_dma_device *device, void *buffer, size_t bytes,
                      enum kiln_dma_direction direction);

/** Counts since boot, zeros without DMA_STATS=1. */
struct kiln_dma_stats {
    uint64_t mapped; /**< mappings made */
    uint64_t mapped_bytes;
    uint64_t copied;         /**< those by a copy, with their bytes */
    uint64_t copied_bytes;   /**< not counted once more when they are synchronised */
    uint64_t coherent_bytes; /**< in coherent buffers now, in whole pages */
};

/** Thread context. */
void kiln_dma_get_stats(struct kiln_dma_stats *stats);

KILN_END

#endif
