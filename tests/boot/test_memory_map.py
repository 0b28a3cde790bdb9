"""What boot makes of memory maps that are wrong: what is sane in them, or one clear line."""

import os
import re
import struct
import subprocess
import unittest

from support import KilnTest, build_folder
from test_start import QUIET, SEMIHOSTING, Tree

MIB = 1 << 20
ALL = (1 << 64) - 1
SECONDS = 60

# Prints how much RAM there is, takes all of it in pieces, and writes to each.
PROGRAM = r"""
#include <stdio.h>
#include <kiln.h>
int main(void)
{
    uintptr_t *list = NULL, pages = 0, wrong = 0;
    for (uintptr_t *page; (page = kiln_page_alloc(0, KILN_PAGE_WAIT)) != NULL; pages++) {
        page[0] = (uintptr_t)list;
        page[1] = pages;
        list = page;
    }
    for (uintptr_t left = pages; list; list = (uintptr_t *)list[0])
        wrong += list[1] != --left;
    printf("%zu of %zu KiB usable, %zu wrong\n", (size_t)pages * 4, kiln_ram_bytes() / 1024,
           (size_t)wrong);
    return 0;
}
"""


class MemoryMapTest(KilnTest):
    """A board's image, and a machine that is told a memory map."""

    board = None

    def image(self, name):
        path = self.source("memory_map.c", PROGRAM)
        self.good("build", path, "-b", self.board)
        return os.path.join(build_folder(), self.board, "memory_map", name)

    def run_map(self, ranges, reserved=()):
        """Boots; what the image says."""
        command = self.command(ranges, reserved)
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                timeout=SECONDS, check=False)
        return result.stdout.decode(errors="replace")

    def works(self, least_mib, most_mib, ranges, reserved=()):
        """It runs with about so much RAM, of which no page is there twice."""
        text = self.run_map(ranges, reserved)
        found = re.search(r"(?m)^(\d+) of (\d+) KiB usable, (\d+) wrong\r?$", text)
        self.assertTrue(found, text)
        usable, all_of_it, wrong = map(int, found.groups())
        self.assertEqual(wrong, 0, text)
        self.assertLessEqual(all_of_it, most_mib * 1024, text)
        self.assertGreaterEqual(usable, least_mib * 1024, text)
        self.assertNotIn("panic", text)

    def panics(self, words, ranges, reserved=()):
        """One line says why it cannot run."""
        text = self.run_map(ranges, reserved)
        panics = re.findall(r"(?m)^kiln: panic.*?\r?$", text)
        self.assertEqual(len(panics), 1, text)
        self.assertRegex(panics[0], words)


class DeviceTree(MemoryMapTest):
    """virt with a device tree of the test's, which QEMU completes."""

    board = "virt-aarch64"
    BASE = 0x40000000
    MINIMUM = 128  # what the board takes for granted, in MiB, when it is told nothing

    def command(self, ranges, reserved):
        tree = self.path("virt.dtb")
        with open(tree, "wb") as file:
            file.write(self.tree(ranges, reserved))
        return ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a53", "-m", "256", *QUIET,
                *SEMIHOSTING, "-device", f"loader,file={tree},addr=0x48000000,force-raw=on",
                "-device", "loader,addr=0x48000000,cpu-num=0", *self.kernel()]

    def kernel(self):
        """The image, and code at the address above that hands it the tree behind that code."""
        return ["-device", f"loader,file={self.image('kernel8.img')},addr=0x40200000,force-raw=on"]

    def tree(self, ranges, reserved):
        tree = Tree()
        tree.begin("")
        tree.property("#address-cells", struct.pack(">I", 2))
        tree.property("#size-cells", struct.pack(">I", 2))
        for i, (base, size) in enumerate(ranges):
            tree.begin(f"memory@{i}")
            tree.property("device_type", b"memory\0")
            tree.property("reg", struct.pack(">QQ", base, size))
            tree.end()
        tree.begin("reserved-memory")
        tree.property("#address-cells", struct.pack(">I", 2))
        tree.property("#size-cells", struct.pack(">I", 2))
        for i, (base, size) in enumerate(reserved):
            tree.begin(f"range@{i}")
            tree.property("reg", struct.pack(">QQ", base, size))
            tree.end()
        tree.end()
        tree.end()
        # adr x0, .+0x1000; mov x1-x3, 0; a branch to the image
        code = struct.pack("<7I", 0x10008000, 0xD2800001, 0xD2800002, 0xD2800003,
                           0xD2A80404, 0xD61F0080, 0xD4200000)
        return code.ljust(0x1000, b"\0") + tree.blob()

    def test_sane(self):
        """a map that is right"""
        self.works(250, 256, [(self.BASE, 256 * MIB)])

    def test_overlapping(self):
        """ranges that overlap, and one that is told twice"""
        self.works(180, 192, [(self.BASE, 128 * MIB), (self.BASE + 64 * MIB, 128 * MIB),
                              (self.BASE, 128 * MIB)])

    def test_empty(self):
        """empty ranges beside a real one"""
        self.works(120, 128, [(self.BASE, 0), (self.BASE + 5, 3), (self.BASE, 128 * MIB),
                              (self.BASE + 200 * MIB, 0)])

    def test_unaligned(self):
        """a range that does not begin or end on a page"""
        self.works(120, 128, [(self.BASE + 1, 128 * MIB - 2)])

    def test_beyond(self):
        """a range where no RAM can be mapped, and one that ends there"""
        self.works(120, 128, [(self.BASE, 128 * MIB), (0xFFFFFFFFFFFFF800, 0x7FF),
                              (1 << 39, 128 * MIB), (3 << 37, 128 * MIB)])

    def test_wrapping(self):
        """a range that wraps makes the tree unusable: the least machine is taken"""
        self.works(120, self.MINIMUM, [(self.BASE, 256 * MIB), (ALL - 0xFFFF, 2 * MIB)])

    def test_reserved_parts(self):
        """reserved ranges that overlap each other, empty ones, and one that goes beyond RAM"""
        self.works(55, 64, [(self.BASE, 128 * MIB)],
                   [(self.BASE + 64 * MIB, 32 * MIB), (self.BASE + 80 * MIB, 1 << 40),
                    (self.BASE + 90 * MIB, 1), (0, 0x1000)])

    def test_reserved_over_all(self):
        """all of RAM is reserved"""
        self.panics(r"no memory for the main thread: \d+ bytes of RAM", [(self.BASE, 256 * MIB)],
                    [(self.BASE, 256 * MIB)])

    def test_no_memory(self):
        """no memory at all"""
        self.panics("no memory for the main thread: 0 bytes of RAM", [])

    def test_elsewhere(self):
        """the image is not in the RAM that is told"""
        self.panics("no memory for the main thread", [(self.BASE + 160 * MIB, 64 * MIB)])


class StartInfo(MemoryMapTest):
    """A PC whose hvm_start_info (xen/include/public/arch-x86/hvm/start_info.h) is the test's."""

    board = "pc"
    AT = 0x3000000  # of the code, behind which the tables are
    TABLES = 0x60000  # where it copies them: conventional memory, which boot maps
    RAM, RESERVED = 1, 2

    def command(self, ranges, reserved):
        return ["qemu-system-x86_64", "-M", "q35", "-cpu", "max", "-m", "128", *QUIET,
                "-device", "isa-debug-exit,iobase=0x501,iosize=1", "-no-reboot",
                "-kernel", self.kernel(ranges, reserved)]

    def table(self, ranges, reserved):
        """Code, the structure, the map."""
        entries = [(*one, self.RAM) for one in ranges] + [(*one, self.RESERVED) for one in reserved]
        memory_map = b"".join(struct.pack("<QQII", base, size, kind, 0)
                              for base, size, kind in entries)
        info = struct.pack("<4I4QII", 0x336EC578, 1, 0, 0, 0, 0, 0, self.TABLES + 0x100,
                           len(entries), 0)
        # mov esi, from; mov edi, to; mov ecx, words; rep movsd; mov ebx, to; mov eax, entry; jmp
        code = struct.pack("<BIBIBI", 0xBE, self.AT + 0x40, 0xBF, self.TABLES, 0xB9, 0x200)
        code += b"\xf3\xa5" + struct.pack("<BIBI", 0xBB, self.TABLES, 0xB8, self.entry)
        code += b"\xff\xe0"
        return code.ljust(0x40, b"\0") + info.ljust(0x100, b"\0") + memory_map

    def kernel(self, ranges, reserved):
        """The image with one segment more, which its PVH note names as its entry."""
        with open(self.image("kernel.elf"), "rb") as file:
            elf = bytearray(file.read())
        offset, = struct.unpack_from("<Q", elf, 32)
        size, count = struct.unpack_from("<HH", elf, 54)
        headers = bytes(elf[offset:offset + size * count])
        # PT_NOTE holds "Xen", type 18: the entry's address.
        note = re.search(rb"\x04\0\0\0(....)\x12\0\0\0Xen\0", elf, re.DOTALL)
        self.entry, = struct.unpack_from("<I", elf, note.end())
        struct.pack_into("<I", elf, note.end(), self.AT)
        table = self.table(ranges, reserved)
        at = len(elf) + -len(elf) % 4096
        elf = elf.ljust(at, b"\0") + table.ljust(4096, b"\0")
        headers += struct.pack("<IIQQQQQQ", 1, 5, at, self.AT, self.AT, 4096, 4096, 4096)
        struct.pack_into("<Q", elf, 32, len(elf))
        struct.pack_into("<H", elf, 56, count + 1)
        path = self.path("kernel.elf")
        with open(path, "wb") as file:
            file.write(elf + headers)
        return path

    LOW = (0, 0x9F000)

    def test_sane(self):
        """a map that is right"""
        self.works(120, 128, [self.LOW, (MIB, 127 * MIB)])

    def test_overlapping(self):
        """ranges that overlap, and one that is told twice"""
        self.works(85, 96, [self.LOW, (MIB, 63 * MIB), (32 * MIB, 64 * MIB), (MIB, 63 * MIB)])

    def test_odd(self):
        """empty, unaligned, wrapping ranges and some beyond all addresses beside a real one"""
        self.works(55, 65, [(0, 0), (MIB + 1, 63 * MIB), (ALL - 0xFFF, 2 * MIB), (1 << 47, MIB),
                            (ALL, ALL), (3 << 45, MIB)])

    def test_reserved_over_all(self):
        """what is reserved wins, and all of RAM is"""
        self.panics("no memory for the main thread", [self.LOW, (MIB, 127 * MIB)], [(0, ALL)])

    def test_no_memory(self):
        """no memory at all"""
        self.panics("the boot loader has told no usable memory map", [])


del MemoryMapTest

if __name__ == "__main__":
    unittest.main(verbosity=2)
