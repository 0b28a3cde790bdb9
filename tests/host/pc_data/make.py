#!/usr/bin/python3
"""Makes the *.memory in this folder anew: what firmware and loaders leave in a PC's memory.

A kernel of a few instructions is started by QEMU (PVH) or GRUB (Multiboot2); once it runs, what it
was handed, the BIOS data area and ACPI's tables are read out of QEMU. A file is a row of pieces,
each physical address and size (64 bits each, little-endian), then the bytes. Needs QEMU, OVMF and
grub-mkrescue with GRUB for BIOS and UEFI.
"""

import json
import os
import struct
import subprocess
import tempfile
import time

FOLDER = os.path.dirname(os.path.realpath(__file__))
SECONDS = 120
ARGUMENTS = "mem=64M -- one 'two words'"
MACHINES = {
    "q35": ["-M", "q35", "-smp", "4", "-m", "128"],
    "pc": ["-M", "pc", "-smp", "2", "-m", "6144"],
    "microvm": ["-M", "microvm", "-smp", "2", "-m", "128"],
    "microvm-no-acpi": ["-M", "microvm,acpi=off", "-smp", "2", "-m", "128"],
    "grub-bios": ["-M", "q35", "-smp", "4", "-m", "128"],
    "grub-uefi": ["-M", "q35", "-smp", "4", "-m", "6144", "-bios", "/usr/share/ovmf/OVMF.fd"],
}

BASE = 0x100000
MAILBOX = BASE + 0xF00
RUNNING = 0x4B494C4E
PVH_MAGIC = 0x336EC578


def kernel():
    """An ELF with PVH's note and Multiboot2's header that stores eax, ebx and a mark."""
    tags = struct.pack("<2H4I4x", 5, 1, 20, 1024, 768, 32)  # a framebuffer, optional
    tags += struct.pack("<2HI", 0, 0, 8)
    magic, size = 0xE85250D6, 16 + len(tags)
    multiboot = struct.pack("<4I", magic, 0, size, -(magic + size) & 0xFFFFFFFF) + tags
    entry = BASE + 0x200
    note = struct.pack("<3I4sI", 4, 4, 18, b"Xen\0", entry)
    code = b"\xA3" + struct.pack("<I", MAILBOX)  # mov [], eax
    code += b"\x89\x1D" + struct.pack("<I", MAILBOX + 4)  # mov [], ebx
    code += b"\xC7\x05" + struct.pack("<2I", MAILBOX + 8, RUNNING)  # mov dword [], RUNNING
    code += b"\xFA\xF4\xEB\xFC"  # cli; hlt; jmp
    image = multiboot.ljust(0x100, b"\0") + note.ljust(0x100, b"\0") + code
    start = 0x1000
    elf = b"\x7FELF\2\1\1".ljust(16, b"\0")
    elf += struct.pack("<2HI3QI6H", 2, 62, 1, entry, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    elf += struct.pack("<2I6Q", 1, 7, start, BASE, BASE, len(image), 0x1000, 0x1000)
    elf += struct.pack("<2I6Q", 4, 4, start + 0x100, BASE + 0x100, BASE + 0x100, len(note),
                       len(note), 4)
    return elf.ljust(start, b"\0") + image


def boot_medium(folder, kernel_file):
    """A disc from which BIOS and UEFI start GRUB, and that the kernel."""
    tree = os.path.join(folder, "disc")
    os.makedirs(os.path.join(tree, "boot/grub"))
    with open(os.path.join(tree, "boot/kernel"), "wb") as to, open(kernel_file, "rb") as of:
        to.write(of.read())
    with open(os.path.join(tree, "boot/grub/grub.cfg"), "w", encoding="ascii") as to:
        to.write("insmod all_video\nset timeout=0\nmenuentry kernel {\n"
                 f"multiboot2 /boot/kernel {ARGUMENTS}\n}}\n")
    disc = os.path.join(folder, "disc.iso")
    subprocess.run(["grub-mkrescue", "-o", disc, tree], check=True, timeout=SECONDS,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return disc


class Machine:
    """A QEMU that runs the kernel, whose memory can be read."""

    def __init__(self, folder, arguments):
        self.file = os.path.join(folder, "dump")
        self.qemu = subprocess.Popen(
            ["qemu-system-x86_64", *arguments, "-cpu", "max", "-nic", "none", "-display", "none",
             "-serial", "none", "-qmp", "stdio"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
        self.qemu.stdout.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        json.dump({"execute": name, "arguments": arguments}, self.qemu.stdin)
        self.qemu.stdin.flush()
        for line in self.qemu.stdout:
            answer = json.loads(line)
            if "error" in answer:
                raise OSError(answer["error"]["desc"])
            if "return" in answer:
                return
        raise OSError("QEMU has ended")

    def read(self, physical, size):
        self.command("pmemsave", val=physical, size=size, filename=self.file)
        with open(self.file, "rb") as dump:
            return dump.read()

    def words(self, physical, layout):
        return struct.unpack("<" + layout, self.read(physical, struct.calcsize("<" + layout)))

    def wait(self):
        limit = time.monotonic() + SECONDS
        while time.monotonic() < limit:
            _, argument, mark = self.words(MAILBOX, "3I")
            if mark == RUNNING:
                return argument
            time.sleep(0.2)
        raise OSError("the kernel has not started")

    def end(self):
        self.qemu.kill()
        self.qemu.communicate()


def pvh_pieces(machine, start):
    (*_, arguments, rsdp, memory_map, entries) = machine.words(start, "4I4QI")
    yield start, 56
    yield memory_map, 24 * entries
    yield arguments, machine.read(arguments, 4096).index(0) + 1
    if rsdp:
        yield rsdp, 36
        yield from acpi_pieces(machine, rsdp)


def multiboot2_pieces(machine, start):
    size, = machine.words(start, "I")
    information = machine.read(start, size)
    roots, at = {}, 8
    yield start, size
    while at + 8 <= size:
        tag, length = struct.unpack_from("<2I", information, at)
        roots[tag] = start + at + 8
        at += (length + 7) & ~7
    yield from acpi_pieces(machine, roots[15] if 15 in roots else roots[14])


def acpi_pieces(machine, rsdp):
    """All tables, and the DSDT, which is told in the FADT (FACP)."""
    revision, rsdt, _, xsdt = machine.words(rsdp + 15, "BIIQ")
    root, width = (xsdt, 8) if revision >= 2 and xsdt else (rsdt, 4)
    size, = machine.words(root + 4, "I")
    yield root, size
    if width == 8 and rsdt:
        yield rsdt, machine.words(rsdt + 4, "I")[0]
    for table in machine.words(root + 36, f"{(size - 36) // width}{'Q' if width == 8 else 'I'}"):
        signature, size = machine.words(table, "4sI")
        yield table, size
        if signature == b"FACP":
            dsdt, = machine.words(table + 40, "I")
            yield dsdt, machine.words(dsdt + 4, "I")[0]


def capture(folder, arguments):
    machine = Machine(folder, arguments)
    try:
        argument = machine.wait()
        is_pvh = machine.words(argument, "I")[0] == PVH_MAGIC
        pieces = [(0x400, 0x100)]
        pieces += (pvh_pieces if is_pvh else multiboot2_pieces)(machine, argument)
        # The first word of all: where the argument is.
        data = struct.pack("<Q", argument)
        for physical, size in pieces:
            if size:
                data += struct.pack("<2Q", physical, size) + machine.read(physical, size)
        return data
    finally:
        machine.end()


def main():
    with tempfile.TemporaryDirectory() as folder:
        kernel_file = os.path.join(folder, "kernel")
        with open(kernel_file, "wb") as to:
            to.write(kernel())
        disc = boot_medium(folder, kernel_file)
        for name, arguments in MACHINES.items():
            how = ["-cdrom", disc] if name.startswith("grub") else ["-kernel", kernel_file,
                                                                   "-append", ARGUMENTS]
            data = capture(folder, arguments + how)
            with open(os.path.join(FOLDER, name + ".memory"), "wb") as to:
                to.write(data)


main()
