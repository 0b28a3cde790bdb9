"""The screen of a PC, read back as QEMU draws it."""

import contextlib
import os
import re
import subprocess

from monitored import TEXT_ROWS, Machine, Monitor, patiently
from support import ROOT, KilnTest, build_folder
from test_image_pc import FIRMWARE

# Lines of different lengths, more than the screen has, and one that stays unfinished; or a panic.
LINES_C = r"""
#include <kiln.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
    int lines = argc > 1 ? atoi(argv[1]) : 3;
    if (lines == 0)
        kiln_panic("to be seen");
    for (int i = 1; i <= lines; i++)
        printf("Line %d %.*s\n", i, i * 7 % 60,
               "The quick brown fox jumps over the lazy dog. {[(<!?>)]} 0123456789");
    printf("end");
    fflush(stdout);
    for (;;)
        ;
}
"""
COLUMNS = 80
FILLER = "The quick brown fox jumps over the lazy dog. {[(<!?>)]} 0123456789"


def expected_rows(lines, rows):
    """What stands on the last rows of a screen."""
    text = [f"Line {i} {FILLER[:i * 7 % 60]}".rstrip() for i in range(1, lines + 1)] + ["end"]
    return text[-rows:]


def glyphs():
    """{columns of dots: character} of the font, out of its source."""
    with open(os.path.join(ROOT, "drivers", "display", "font.c"), encoding="utf-8") as file:
        rows = re.findall(r"^    \{(0x.*?)\}", file.read(), re.MULTILINE)
    return {tuple(int(byte, 16) for byte in row.split(",")): chr(0x20 + i)
            for i, row in enumerate(rows)}


class Picture:
    """A portable pixmap, as QEMU's screendump writes it."""

    def __init__(self, path):
        with open(path, "rb") as file:
            magic, size, most, self.pixels = file.read().split(b"\n", 3)
        assert (magic, most) == (b"P6", b"255")
        self.width, self.height = map(int, size.split())

    def is_lit(self, x, y):
        at = (y * self.width + x) * 3
        return any(self.pixels[at:at + 3])

    def lengths(self, rows, cell_width, cell_height):
        """Characters to the last lit dot of each row; the row of the cursor has one more."""
        def is_used(row, column):
            return any(self.is_lit(column * cell_width + x, row * cell_height + y)
                       for x in range(cell_width) for y in range(cell_height))

        return [max((column + 1 for column in range(self.width // cell_width)
                     if is_used(row, column)), default=0) for row in range(rows)]


class Stick(KilnTest):
    """A USB stick from which GRUB starts the program, in a graphics mode of its choice."""

    CELL_WIDTH, CELL_HEIGHT, GLYPH_WIDTH, GLYPH_HEIGHT = 6, 10, 5, 8
    seen = rows = None  # a picture that has not changed is not read again: that takes long

    @contextlib.contextmanager
    def started(self, firmware, lines, machine):
        """The monitor of a PC that has started from a stick with the program."""
        self.good("image", self.source("lines.c", LINES_C), "-b", "pc", "--", str(lines))
        image, socket = os.path.join(build_folder(), "pc", "lines", "usb.img"), self.path("monitor")
        command = ["qemu-system-x86_64", "-M", machine, "-cpu", "max", "-m", "256", "-nic", "none",
                   "-display", "none", "-monitor", "none", "-serial", "null",
                   "-qmp", f"unix:{socket},server=on,wait=off", "-device", "qemu-xhci",
                   "-drive", f"if=none,id=stick,format=raw,readonly=on,file={image}",
                   "-device", "usb-storage,drive=stick,bootindex=0", *FIRMWARE[firmware]()]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
            monitor = Monitor(socket)
            try:
                yield monitor
            finally:
                monitor.quit()
                process.wait()

    def read(self, picture, font):
        """The rows of text in the framebuffer's font, or nothing when something else is shown."""
        scale = picture.width // (COLUMNS * self.CELL_WIDTH)
        rows = min(picture.height // (self.CELL_HEIGHT * scale), 50) if scale else 0

        def character(row, column):
            x, y = column * self.CELL_WIDTH, row * self.CELL_HEIGHT
            dots = tuple(sum(picture.is_lit((x + i) * scale, (y + j) * scale) << j
                             for j in range(self.GLYPH_HEIGHT)) for i in range(self.GLYPH_WIDTH))
            return font.get(dots, "\0")

        text = []
        for row in range(rows):
            text.append("".join(character(row, column) for column in range(COLUMNS)).rstrip())
            if "\0" in text[-1]:
                return []
        return [row for row in text if row]

    def text(self, monitor):
        """What stands on the screen, row by row."""
        path = self.path("screen.ppm")
        monitor.command("screendump", filename=path)
        picture = Picture(path)
        if picture.pixels != self.seen:
            self.seen, self.rows = picture.pixels, self.read(picture, glyphs())
        return self.rows

    def test_framebuffer(self):
        """the framebuffer of BIOS and of UEFI, before and after it has scrolled"""
        for firmware, machine, lines in (("BIOS", "pc", 3), ("UEFI", "q35", 200)):
            wanted = expected_rows(lines, 20)
            with self.subTest(firmware), self.started(firmware, lines, machine) as monitor:
                self.assertTrue(patiently(lambda: self.text(monitor)[-len(wanted):] == wanted))

    def test_panic(self):
        """a panic that is the first output stays on the screen"""
        with self.started("BIOS", 0, "q35") as monitor:
            self.assertTrue(patiently(lambda: "  backtrace:" in self.text(monitor)))
            self.assertIn("kiln: panic: to be seen", self.text(monitor))


class Text(KilnTest):
    def machine(self, *words, **options):
        return Machine(self, self.source("lines.c", LINES_C), arguments=words, **options)

    def picture(self, machine):
        path = self.path("screen.ppm")
        machine.monitor.command("screendump", filename=path)
        return Picture(path)

    def shows(self, machine, lines):
        """Waits until the last rows of the text are in memory, and then on the screen."""
        rows = expected_rows(lines, TEXT_ROWS)

        def is_written():
            text = machine.monitor.text(self.folder)
            return any(text[at:at + len(rows)] == rows for at in range(len(text)))

        lengths = [len(row) for row in rows] + [0] * (TEXT_ROWS - len(rows))
        with_cursor = [length + (row == "end") for length, row in
                       zip(lengths, rows + [""] * TEXT_ROWS)]

        def is_shown():
            return self.picture(machine).lengths(TEXT_ROWS, 9, 16) in (lengths, with_cursor)

        return patiently(is_written) and patiently(is_shown)

    def test_text(self):
        """text is on the screen, and nothing else: neither firmware's nor what is for the host"""
        for name in ("q35", "pc"):
            with self.subTest(name), self.machine(machine=name) as machine:
                self.assertTrue(self.shows(machine, 3))
            self.assertEqual(machine.complaints(), [])

    def test_scrolling(self):
        """what does not fit scrolls: by a row, and past the end of the text memory"""
        for lines in ("25", "300", "1000"):
            with self.subTest(lines), self.machine(lines) as machine:
                self.assertTrue(self.shows(machine, int(lines)))

    def test_switched_off(self):
        """--config SCREEN=0 leaves the screen to firmware, and its code out"""
        with self.machine(settings=["SCREEN=0"]) as machine:
            self.assertTrue(machine.printed(b"end"))
            self.assertNotIn("end", machine.monitor.text(self.folder))
        with open(machine.built.elf.replace(".elf", ".map"), encoding="utf-8") as file:
            kept = file.read().partition("\nMemory Configuration")[2]
        self.assertFalse(re.search(r"^ \.text\.screen_write\n +0x", kept, re.MULTILINE))

    def test_no_screen(self):
        """a machine without one runs on, and nothing is touched that is not there"""
        for name, options in (("microvm", []), ("q35", ["-vga", "none"])):
            with self.subTest(name), self.machine(machine=name,
                                                  machine_arguments=options) as machine:
                pass
            self.assertEqual(machine.complaints(), [])
