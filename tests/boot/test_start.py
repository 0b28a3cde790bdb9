"""Every way an image may be started: raw, as an ELF, at another address, with a device tree."""

import os
import struct
import subprocess
import unittest

from support import KilnTest, build_folder

SEMIHOSTING = ["-semihosting-config", "enable=on,target=native"]
QUIET = ["-display", "none", "-monitor", "none", "-serial", "stdio", "-nic", "none"]
MACHINES = {
    "raspi3": ["-M", "raspi3b"],
    "raspi4": ["-M", "raspi4b"],
    "virt-aarch64": ["-M", "virt", "-cpu", "cortex-a53", "-m", "512"],
}
BEGIN_NODE, END_NODE, PROPERTY, END = 1, 2, 3, 9
SECONDS = 30


class Tree:
    """Writes a flattened device tree (Devicetree Specification 5)."""

    def __init__(self):
        self.structure = b""
        self.strings = b""

    def begin(self, name):
        self.structure += struct.pack(">I", BEGIN_NODE) + padded(name.encode() + b"\0")

    def end(self):
        self.structure += struct.pack(">I", END_NODE)

    def property(self, name, value):
        self.structure += struct.pack(">III", PROPERTY, len(value), len(self.strings))
        self.structure += padded(value)
        self.strings += name.encode() + b"\0"

    def blob(self):
        structure = self.structure + struct.pack(">I", END)
        reserved = bytes(16)
        header_bytes = 40
        at_structure = header_bytes + len(reserved)
        at_strings = at_structure + len(structure)
        total = at_strings + len(self.strings)
        header = struct.pack(">10I", 0xD00DFEED, total, at_structure, at_strings, header_bytes, 17,
                             16, 0, len(self.strings), len(structure))
        return header + reserved + structure + self.strings


def padded(data):
    return data + bytes(-len(data) % 4)


def pi_tree(arguments, memory_bytes):
    tree = Tree()
    tree.begin("")
    tree.property("#address-cells", struct.pack(">I", 1))
    tree.property("#size-cells", struct.pack(">I", 1))
    tree.begin("chosen")
    tree.property("bootargs", arguments.encode() + b"\0")
    tree.end()
    tree.begin("memory@0")
    tree.property("device_type", b"memory\0")
    tree.property("reg", struct.pack(">II", 0, memory_bytes))
    tree.end()
    tree.end()
    return tree.blob()


class Start(KilnTest):
    def build(self, board):
        """The folder with the image of a program that no other test builds."""
        self.good("build", os.path.join(os.path.dirname(__file__), "start_image.c"), "-b", board)
        return os.path.join(build_folder(), board, "start_image")

    def start(self, board, *words):
        """Runs QEMU; its standard output, when it ends with status 0."""
        command = ["qemu-system-aarch64", *MACHINES[board], *QUIET, *SEMIHOSTING, *words]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                timeout=SECONDS, check=False)
        self.assertEqual(result.returncode, 0, (command, result))
        return result.stdout.decode()

    def says_so(self, board, *words):
        text = self.start(board, *words)
        self.assertIn(f"started on {board}", text)
        return text

    def test_elf_on_every_board(self):
        """raspi3b starts an ELF at EL3 on all CPUs at once, virt at EL1 and with nothing in x0."""
        for board in MACHINES:
            with self.subTest(board):
                folder = self.build(board)
                self.says_so(board, "-kernel", os.path.join(folder, "start_image.elf"))

    def test_elf_on_virt_sees_the_device_tree(self):
        folder = self.build("virt-aarch64")
        for name in ("start_image.elf", "kernel8.img"):
            text = self.says_so("virt-aarch64", "-append", "console=ttyAMA0 -- from 'the line'",
                                "-kernel", os.path.join(folder, name))
            self.assertIn("argument 1: from", text)
            self.assertIn("argument 2: the line", text)
            self.assertIn("511 MiB of RAM", text)  # one holds the tree

    def test_image_loaded_elsewhere_moves_itself(self):
        folder = self.build("raspi3")
        image = os.path.join(folder, "kernel8.img")
        for address in ("0x200000", "0x8000000"):
            with self.subTest(address):
                self.says_so("raspi3", "-device",
                                f"loader,file={image},addr={address},force-raw=on",
                                "-device", f"loader,addr={address},cpu-num=0")

    def test_header_is_that_of_a_linux_image(self):
        for board, offset in (("raspi3", 0x80000), ("raspi4", 0x80000), ("virt-aarch64", 0)):
            with open(os.path.join(self.build(board), "kernel8.img"), "rb") as file:
                image = file.read()
            header = image[:64]
            text_offset, image_bytes, flags = struct.unpack_from("<QQQ", header, 8)
            self.assertEqual(text_offset, offset)
            self.assertGreater(image_bytes, len(image) + 0x10000)  # room for the first tables
            self.assertEqual(flags, 2)
            self.assertEqual(header[56:60], b"ARM\x64")

    def test_device_tree_on_a_pi(self):
        """As firmware does it: words of its own in front, the program's behind --."""
        folder = self.build("raspi3")
        tree = self.path("pi.dtb")
        with open(tree, "wb") as file:
            file.write(pi_tree("console=ttyS1 8250.nr_uarts=1 root=/dev/mmcblk0p2 "
                               "-- from 'the tree'", 0x10000000))
        text = self.says_so("raspi3", "-kernel", os.path.join(folder, "kernel8.img"), "-dtb", tree)
        self.assertIn("argument 1: from", text)
        self.assertIn("argument 2: the tree", text)


if __name__ == "__main__":
    unittest.main()
