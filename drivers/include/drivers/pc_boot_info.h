/*
 * What a PC's boot loader hands over: PVH's start information (Xen's public/arch-x86/hvm/
 * start_info.h; QEMU -kernel) or Multiboot2's (Multiboot2 Specification 2.0, 3.6; GRUB).
 */
#ifndef DRIVERS_PC_BOOT_INFO_H
#define DRIVERS_PC_BOOT_INFO_H

#include <drivers/screen.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pc_boot_info {
    uint64_t rsdp;                         /* for acpi_set_root(); 0: not told */
    struct screen_framebuffer framebuffer; /* as firmware says; bits_per_pixel 0: none */
    bool has_text_screen;                  /* VGA text, 80 by 25 */
    bool is_efi;                           /* UEFI started the loader */
};

/*
 * How many bytes are at the address that the loader has passed, for them to be mapped; 0 when there
 * is no information. What it points to may lie elsewhere. Reads its first 8 bytes. Boot.
 */
size_t pc_boot_info_bytes(uintptr_t argument);

/*
 * Hands RAM, reserved ranges and the boot arguments on to core (core/boot_info.h), and fills in
 * info. Where ranges overlap, what is not RAM wins; addresses from 128 TiB on, half of what
 * 48 bits reach, are left out. The information itself is RAM like any other: what matters of it
 * is copied. So are modules, since nobody reads them.
 * 0; -EINVAL: it is corrupt, has no memory map, or has it where core_map_readable reads nothing;
 * then nothing has been handed on.
 * Boot, once. Some 80 instructions for each range, and 4 for each byte of the arguments.
 */
int pc_boot_info_apply(uintptr_t argument, struct pc_boot_info *info);

#endif
