"""Every way a PC's image may be started without a stick: PVH on each machine, with less or more."""

import os
import subprocess

from support import KilnTest, build_folder

from kiln_cli import boards, qemu

MACHINES = ("q35", "pc", "microvm")
QUIET = ["-display", "none", "-monitor", "none"]
SERIAL = ["-serial", "stdio"]
SECONDS = 60


class Start(KilnTest):
    def build(self):
        """The folder with the image of a program that says how it was started."""
        self.good("build", os.path.join(os.path.dirname(__file__), "start_image.c"), "-b", "pc")
        return os.path.join(build_folder(), "pc", "start_image")

    def qemu(self, machine, *words):
        """Runs QEMU; (its exit status, standard output)."""
        command = [boards.load("pc").qemu["program"], "-M", machine, "-cpu", "max", "-nic", "none",
                   *QUIET, *words]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                timeout=SECONDS, check=False)
        self.assertEqual(result.stderr, b"", command)
        return result.returncode, result.stdout.decode(errors="replace")

    def status_ports(self):
        """QEMU's words for the ports that take the exit status, and the file that holds it."""
        path = self.path("status")
        words = boards.load("pc").qemu["arguments"]
        return [word.replace(qemu.STATUS_FILE, path)
                for word in words[words.index("-device"):]], path

    def test_both_files(self):
        """the boot image and the ELF with its debugging information start alike, by PVH"""
        folder = self.build()
        for name in ("kernel.elf", "start_image.elf"):
            for machine in MACHINES:
                with self.subTest(name=name, machine=machine):
                    status, text = self.qemu(machine, "-m", "64", *SERIAL, "-append",
                                             "console=ttyS0 quiet -- from 'the line'", "-kernel",
                                             os.path.join(folder, name))
                    self.assertIn("started on pc", text)
                    self.assertRegex(text, r"\b6[234] MiB of RAM")
                    self.assertIn("argument 1: from\n", text.replace("\r", ""))
                    self.assertIn("argument 2: the line\n", text.replace("\r", ""))
                    self.assertEqual(status, 0)

    def test_power_off(self):
        """where nobody takes the exit status, as on a real PC, ACPI switches the machine off"""
        kernel = os.path.join(self.build(), "kernel.elf")
        for machine in MACHINES:
            with self.subTest(machine):
                status, text = self.qemu(machine, *SERIAL, "-kernel", kernel)
                self.assertIn("started on pc", text)
                self.assertEqual(status, 0)

    def test_no_serial_port(self):
        """a PC without a serial port runs the program all the same"""
        kernel = os.path.join(self.build(), "kernel.elf")
        ports, path = self.status_ports()
        for machine in ("q35", "pc", "microvm,isa-serial=off"):
            with self.subTest(machine):
                _, text = self.qemu(machine, "-serial", "none", *ports, "-kernel", kernel)
                self.assertEqual(text, "")
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), b"\0")

    def test_lean_machines(self):
        """machines without ACPI, PIT, PIC, real-time clock or a screen"""
        kernel = os.path.join(self.build(), "kernel.elf")
        for machine, *more in (("microvm,acpi=off",), ("microvm,acpi=off,pit=off,pic=off,rtc=off",),
                               ("q35,hpet=off,smbus=off", "-vga", "none"),
                               ("pc,acpi=off,hpet=off", "-vga", "none")):
            with self.subTest(machine):
                ports, path = self.status_ports()
                _, text = self.qemu(machine, *more, *SERIAL, *ports, "-kernel", kernel)
                self.assertIn("started on pc", text)
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), b"\0")

    def test_headers(self):
        """GRUB and Xen's loaders find what they look for"""
        kernel = os.path.join(self.build(), "kernel.elf")
        self.assertEqual(subprocess.call(["grub-file", "--is-x86-multiboot2", kernel]), 0)
        notes = subprocess.run(["readelf", "-nW", kernel], capture_output=True, text=True,
                               check=True).stdout
        self.assertRegex(notes, r"(?m)^ +Xen +0x[0-9a-f]+\s+.*0x0*12\b")
