"""./kiln image -b pc: the USB stick that PCs start from, by BIOS and by UEFI."""

import glob
import itertools
import os
import shutil
import struct
import subprocess

from support import IS_LONG, KilnTest, MachineTest, build_folder

from kiln_cli import boards, qemu

WORDS_C = r"""
#include <kiln.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    printf("%u CPUs, checks %d\n", kiln_cpu_count(), KILN_CONFIG_CHECKS);
    for (int i = 1; i < argc; i++)
        printf("%d:%s\n", i, argv[i]);
    if (argc == 1)
        kiln_panic("no words");
    return 42;
}
"""
MACHINES = ("q35", "pc")
EFI_SYSTEM_PARTITION = bytes.fromhex("28732ac11ff8d211ba4b00a0c93ec93b")
SECTOR_BYTES = 512
SECONDS = 60


def uefi():
    """UEFI for QEMU, in the size that Debian's newer releases have, or the older one."""
    found = sorted(glob.glob("/usr/share/OVMF/OVMF_CODE_4M.fd") +
                   glob.glob("/usr/share/OVMF/OVMF_CODE.fd"))
    return ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={found[-1]}"]


FIRMWARE = {"BIOS": lambda: [], "UEFI": uefi}


class Stick(KilnTest):
    made = set()

    def image(self, name, *words):
        """The path of an image of words.c, made for the first test that wants it."""
        if name not in self.made:
            self.good("image", self.write(f"{name}.c", WORDS_C), "-b", "pc", *words)
            self.made.add(name)
        return os.path.join(build_folder(), "pc", name, "usb.img")

    def start(self, image, machine, firmware, *words, serial="stdio"):
        """(exit status of the program, what came over the serial line) of a PC with the stick."""
        board = boards.load("pc")
        status_file = self.path("status")
        command = [board.qemu["program"], "-M", machine,
                   *(word.replace(qemu.STATUS_FILE, status_file)
                     for word in board.qemu["arguments"]),
                   "-display", "none", "-monitor", "none", "-serial", serial, "-device",
                   "qemu-xhci", "-drive", f"if=none,id=stick,format=raw,readonly=on,file={image}",
                   "-device", "usb-storage,drive=stick", *FIRMWARE[firmware](), *words]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                timeout=SECONDS, check=False)
        with open(status_file, "rb") as file:
            status = file.read()
        self.assertEqual(len(status), 1, result)
        return status[0], result.stdout.decode(errors="replace").replace("\r\n", "\n")

    def on_pcs(self, check, *pairs):
        """On these machines with this firmware; in a long run on each with each."""
        for machine, firmware in itertools.product(MACHINES, FIRMWARE) if IS_LONG else pairs:
            with self.subTest(machine=machine, firmware=firmware):
                check(machine, firmware)

    def test_words_and_status(self):
        """output, words and exit status arrive on q35 and pc, by BIOS and by UEFI, with 4 CPUs"""
        words = ["two words", "it's", '"quoted"', 'say "hi" now', "back\\slash", "a b\\c", "$x;y",
                 "\u00e4\u20ac", "--", "#x", "{1,2}"]
        image = self.image("stick_cpus", "--checks", "--smp", "4", "--", *words)
        wanted = "4 CPUs, checks 1\n" + "".join(f"{n}:{word}\n" for n, word in enumerate(words, 1))

        def check(machine, firmware):
            status, text = self.start(image, machine, firmware, "-smp", "4")
            self.assertIn(wanted, text)
            self.assertEqual(status, 42)

        self.on_pcs(check, ("q35", "UEFI"), ("pc", "BIOS"))

    def test_panic(self):
        """a panic's text and its status, 134, arrive too, from one CPU"""
        image = self.image("stick")

        def check(machine, firmware):
            status, text = self.start(image, machine, firmware)
            self.assertIn("1 CPUs, checks 0\n", text)
            self.assertIn("\nkiln: panic: no words\n", text)
            self.assertEqual(status, 134)

        self.on_pcs(check, ("q35", "BIOS"), ("pc", "UEFI"))

    def test_no_serial_port(self):
        """GRUB starts the program on a PC without a serial port too"""
        image = self.image("stick_words", "--", "x")
        for firmware in FIRMWARE:
            with self.subTest(firmware):
                self.assertEqual(self.start(image, "q35", firmware, serial="none"), (42, ""))

    def test_layout(self):
        """boot code for BIOS in a protective MBR; GPT with the partition that UEFI looks for"""
        image = self.image("stick")
        with open(image, "rb") as file:
            data = file.read()
        self.assertEqual(data[510:512], b"\x55\xaa")
        self.assertTrue(any(data[:440]))
        self.assertEqual(data[446 + 4], 0xEE)
        header = data[SECTOR_BYTES:2 * SECTOR_BYTES]
        self.assertEqual(header[:8], b"EFI PART")
        first, = struct.unpack_from("<Q", header, 72)
        count, entry_bytes = struct.unpack_from("<II", header, 80)
        entries = [data[first * SECTOR_BYTES + n * entry_bytes:][:entry_bytes]
                   for n in range(count)]
        start, = [struct.unpack_from("<Q", entry, 32)[0] for entry in entries
                  if entry[:16] == EFI_SYSTEM_PARTITION]
        listed = subprocess.run(["mdir", "-b", "-i", f"{image}@@{start * SECTOR_BYTES}",
                                 "::/EFI/BOOT"], capture_output=True, check=True).stdout
        self.assertIn(b"bootx64.efi", listed.lower())

    def test_odd_build_folder(self):
        """a build folder whose name has a space, a comma and an equals sign is no problem"""
        shutil.copytree(os.path.join(build_folder(), "newlib"), self.path("a = b,c", "newlib"))
        self.good("image", "hello", "-b", "pc", "--build-dir", self.path("a = b,c"))
        self.assertEqual(self.good("run", "hello", "-b", "pc", "--release", "--build-dir",
                                   self.path("a = b,c")), b"Hello from Kiln on pc!\n")
        image = self.path("a = b,c", "pc", "hello", "usb.img")
        self.assertGreater(os.path.getsize(image), 1 << 20)

    def test_refusals(self):
        """words that GRUB would lose, and firmware that a PC does not take"""
        for word, why in (("", "an empty word"), ("a\tb", "control character"),
                          ("it's here", "apostrophe")):
            text = self.refused(2, why, "image", "hello", "-b", "pc", "--", word)
            self.assertEqual(len(text.splitlines()), 1)
        self.refused(2, "takes no files of --firmware", "image", "hello", "-b", "pc",
                     "--firmware", self.folder)


class Tools(MachineTest):
    def test_missing(self):
        """GRUB's tools are named with their packages when they are missing"""
        environment = {**self.path_without("grub-mkrescue", "xorriso"), **self.nobody_builds()}
        text = self.refused(3, "missing: grub-mkrescue, xorriso; install it as root: apt-get "
                               "install grub-common xorriso", "image", "hello", "-b", "pc",
                            environment=environment, **self.as_nobody())
        self.assertEqual(len(text.splitlines()), 1)

    def test_failure(self):
        """when GRUB's tool fails its own words are told"""
        self.good("image", "hello", "-b", "pc")
        environment = self.path_without()
        self.script("grub-mkrescue", "echo 'no room on the device' >&2; exit 1\n")
        self.refused(3, "grub-mkrescue failed: no room on the device", "image", "hello", "-b", "pc",
                     environment=environment)
