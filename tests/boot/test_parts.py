"""The parts of the command line that work without a board."""

import os
import shlex
import struct

from support import KilnTest

from kiln_cli import apt_sources, bench, boards, configuration, console, elf, irqs_off, panics
from kiln_cli import qemu, tap, target_tests, usb, words
from kiln_cli.failure import Failure

READY = console.READY


class SourcesByAddress:
    """Stands in for addr2line."""

    @staticmethod
    def at(address):
        return f"a.c:{address}" if address < 1000 else None


class Words(KilnTest):
    def test_quoting_is_a_shells(self):
        """each word comes back from shell-like splitting"""
        given = ["", "a", "a b", "it's", '"', "\\", "$x", "--", "a,b", "\u00e4\u20ac",
                 "*", "\t", "#"]
        text = words.boot_arguments(["host=pipe"], given)
        self.assertEqual(shlex.split(text), ["host=pipe", "--"] + given)

    def test_no_dashes_without_arguments(self):
        """without words for the program there is no --"""
        self.assertEqual(words.boot_arguments(["smp=4"], []), "smp=4")

    def test_device_tree_header(self):
        """the small device tree's header names its own size and blocks within it"""
        tree = words.minimal_device_tree()
        header = struct.unpack(">10I", tree[:40])
        self.assertEqual(header[0], 0xD00DFEED)
        self.assertEqual(header[1], len(tree))
        self.assertEqual(header[3] + header[8], len(tree))
        self.assertEqual(header[2] + header[9], header[3])


class Console(KilnTest):
    def test_quoting_of_input(self):
        """each byte that the console acts on is quoted"""
        quoted = console.quoted(bytes(range(256)))
        back, at = b"", 0
        while at < len(quoted):
            at += quoted[at] == 0x16
            back += quoted[at:at + 1]
            at += 1
        self.assertEqual(back, bytes(range(256)))
        for byte in b"\x03\x04\x08\r\x15\x16\x17\x7f":
            self.assertIn(bytes((0x16, byte)), quoted)

    def test_end_of_input(self):
        """within a line the end takes two ^D, after a line one"""
        quoter = console.InputQuoter()
        self.assertEqual(quoter.end(), b"\x04")
        quoter.feed(b"abc")
        self.assertEqual(quoter.end(), b"\x04\x04")
        quoter.feed(b"d\n")
        self.assertEqual(quoter.end(), b"\x04")

    def test_noise_is_dropped(self):
        """what comes before the ready string is not shown, however it is cut"""
        stream = b"firmware\r\n\x1b]kil" + READY + b"hello" + READY
        for cut in range(len(stream)):
            ready = console.ReadyFilter()
            shown = ready.feed(stream[:cut]) + ready.feed(stream[cut:]) + ready.end()
            self.assertEqual(shown, b"hello" + READY)

    def test_early_panic_is_shown(self):
        """a panic before the console is up is shown at once"""
        ready = console.ReadyFilter()
        self.assertEqual(ready.feed(b"noise\nkiln: pa"), b"")
        self.assertEqual(ready.feed(b"nic: x\n"), b"kiln: panic: x\n")
        self.assertEqual(ready.feed(b"more"), b"more")

    def test_foreign_image_is_shown(self):
        """an image that never says ready is shown when it ends"""
        ready = console.ReadyFilter()
        ready.feed(b"who are you")
        self.assertEqual(ready.end(), b"who are you")


class Panics(KilnTest):
    FRAME = b"    0x0000000000000010 f+0x4"

    def filtered(self, stream, size):
        passing = panics.PanicFilter(SourcesByAddress())
        return b"".join(passing.feed(stream[at:at + size]) for at in range(0, len(stream), size))

    def test_backtrace_gets_places(self):
        """frames get file and line, return addresses one byte back"""
        stream = (b"kiln: panic: x\n  backtrace:\n" + self.FRAME + b"\n" + self.FRAME + b"\r\n"
                  b"    0x00000000deadbeef ?\n  log:\n")
        wanted = (b"kiln: panic: x\n  backtrace:\n" + self.FRAME + b" at a.c:16\n" + self.FRAME +
                  b" at a.c:15\r\n    0x00000000deadbeef ?\n  log:\n")
        for size in (1, 7, 1000):
            self.assertEqual(self.filtered(stream, size), wanted)

    def test_reports_get_places(self):
        """lists of return addresses below what --check finds, one byte back"""
        stream = (b"kiln: leaks: 1 block\n" + self.FRAME + b"\n" + self.FRAME + b"\n"
                  b"kiln: heap-use-after-free: x\n  freed:\n" + self.FRAME + b"\n")
        self.assertEqual(self.filtered(stream, 1000),
                         stream.replace(self.FRAME, self.FRAME + b" at a.c:15"))

    def test_nothing_else_is_touched(self):
        """without a panic, lines that look like frames pass unchanged"""
        stream = (bytes(range(256)) * 3 + b"\n" + self.FRAME + b"\n kiln: panic: no\n" +
                  self.FRAME + b"\n")
        for size in (1, 5, 10000):
            self.assertEqual(self.filtered(stream, size), stream)


class Tap(KilnTest):
    def problems(self, text):
        return list(tap.Report(text).check_plan())

    def test_complete(self):
        """a plan first or last, and its points"""
        self.assertEqual(self.problems("1..2\nok 1\nok 2 - b\n"), [])
        self.assertEqual(self.problems("ok 1\nnot ok 2\nnoise\n1..2\n"), [])

    def test_incomplete(self):
        """an early end, a wrong number and a bail-out are found"""
        self.assertTrue(self.problems("ok 1\n"))
        self.assertTrue(self.problems("1..2\nok 1\n"))
        self.assertTrue(self.problems("1..2\nok 1\nok 3\n"))
        self.assertTrue(self.problems("1..1\nok 1\nBail out! no\n"))

    def test_skips_are_failures(self):
        """a skipped point is a failed one"""
        report = tap.Report("ok 1 # SKIP no tool\nok 2 - # todo\nok 3\n")
        self.assertEqual((report.passed, report.failed), (1, 2))


class GuestErrors(KilnTest):
    ALLOWED = {"known line": "a reason", "/ILLOPC: [0-9a-f]+: 0f 0b/": "another"}

    def test_unexpected(self):
        """lines of QEMU's log pass as they stand, or by a whole match of a pattern"""
        lines = {"known line", "known lines", "ILLOPC: 00a1: 0f 0b", "ILLOPC: 00a1: 0f 0b 06"}
        self.assertEqual(target_tests.unexpected_lines(lines, self.ALLOWED),
                         ["ILLOPC: 00a1: 0f 0b 06", "known lines"])


class LongRuns(KilnTest):
    """Which runs of tests/target only a long test has."""

    def is_long(self, facts, board="pc"):
        return target_tests.Run("image", board, facts, None).is_long()

    def test_key(self):
        """the key is true, or names boards"""
        self.assertFalse(self.is_long({}))
        self.assertFalse(self.is_long({"long": False}))
        self.assertTrue(self.is_long({"long": True}))
        self.assertTrue(self.is_long({"long": ["raspi4", "pc"]}))
        self.assertFalse(self.is_long({"long": ["raspi4"]}))

    def test_listed(self):
        """an ordinary test leaves out just those, and still has each image on each of its boards"""
        ordinary = target_tests.wanted_runs(with_long=False)
        every = target_tests.wanted_runs(with_long=True)
        self.assertEqual([run.name for run in ordinary],
                         [run.name for run in every if not run.is_long()])
        self.assertEqual({(run.image, run.board) for run in ordinary},
                         {(run.image, run.board) for run in every})
        for run in every:
            self.assertEqual(target_tests.find(run.name).name, run.name)


class Configuration(KilnTest):
    def test_choice(self):
        """--config wins over what the other options say"""
        chosen = configuration.choose(["BAUD=9600", "CHECKS=0"], checks=True, smp=4)
        self.assertEqual(configuration.as_cmake_list(chosen), "BAUD=9600;CHECKS=0;SMP=1")

    def test_contradiction(self):
        """several CPUs need a runtime for several"""
        with self.assertRaises(Failure):
            configuration.choose(["SMP=0"], checks=True, smp=2)

    def test_every_board_is_complete(self):
        """each board's facts can be read and name a machine"""
        for name in boards.names():
            board = boards.load(name)
            for machine in (None, *board.machines()):
                self.assertNotIn("{", " ".join(board.machine({}, machine)))
            self.assertTrue(board.description)

    def test_machines(self):
        """the first machine is the default; others are chosen by name"""
        board = boards.load("pc")
        self.assertEqual(board.machine({}), board.machine({}, board.machines()[0]))
        self.assertEqual(board.machine({}, "microvm"), ["microvm"])
        self.assertEqual(board.machine({}, "pc"), ["pc", "-vga", "std"])
        with self.assertRaises(Failure):
            board.machine({}, "raspi3b")
        virt = boards.load("virt-aarch64")
        self.assertEqual(virt.machine({"GIC": "3"}, "virt"), ["virt,gic-version=3"])


class ExitStatus(KilnTest):
    """Where the exit status of a run comes from."""

    def status(self, board, qemu_status, told=None):
        options = qemu.RunOptions()
        launch = qemu.Launch(boards.load(board), "x.img", {}, options, "pipe", self.path("app"))
        with launch:
            if told is not None:
                with open(launch.status_file, "wb") as file:
                    file.write(told)
            return launch.exit_status(qemu_status)

    def test_semihosting(self):
        """on ARM it is QEMU's own"""
        for status in (0, 1, 134, 255):
            self.assertEqual(self.status("raspi3", status), status)

    def test_file(self):
        """on pc it is what the image wrote, and QEMU's own means nothing"""
        for status in (0, 1, 67, 134, 255):
            self.assertEqual(self.status("pc", status * 2 + 1 & 255, bytes((status,))), status)
        self.assertEqual(os.listdir(self.folder), [])

    def test_power_off(self):
        """a machine that was just switched off has status 0"""
        self.assertEqual(self.status("pc", 0, b""), 0)

    def test_failures(self):
        """a QEMU that failed, or was killed, is no status of the program's"""
        for board, status, told in (("pc", 1, b""), ("pc", 3, None), ("pc", -9, b"\x05"),
                                    ("raspi3", -11, None)):
            with self.assertRaises(Failure):
                self.status(board, status, told)

    def test_file_name(self):
        """a comma in the file's name is no end of QEMU's option"""
        command = qemu.command(boards.load("pc"), "x.img", {}, qemu.RunOptions(), "pipe", "/",
                               "/a,b/status")
        self.assertIn("file,id=status,path=/a,,b/status", command)


class Stick(KilnTest):
    def test_grub_quoting(self):
        """each word comes back from GRUB's shell, whose single quotes are a shell's"""
        for word in ("", "a b", "it's", '"', "\\", "$x", ";", "#", "{}"):
            self.assertEqual(shlex.split(usb.quote(word)), [word])

    def test_words_that_grub_loses(self):
        """what GRUB would write wrongly is refused, the rest is not"""
        for word in ("", "a\tb", "a\nb", "\x7f", "it's here"):
            with self.assertRaises(Failure):
                usb.check_word(word)
        for word in ("a b", "it's", 'say "x" y', "\\", "a b\\c", "\u00e4"):
            usb.check_word(word)


class Bench(KilnTest):
    RECORDED = {"boot": {"figure": 100, "met": True}}

    def complaints(self, figure, recorded):
        row = {"name": "boot", "what": "reset to main()", "unit": "instructions", "mark": 102,
               "figure": figure}
        return len(list(bench.complaints(row, recorded)))

    def test_worse_than_recorded(self):
        self.assertEqual([self.complaints(figure, self.RECORDED) for figure in (90, 102, 103, 104)],
                         [0, 0, 1, 2])

    def test_nothing_recorded_by_these_tools(self):
        self.assertEqual(self.complaints(104, {}), 0)

    def test_limit(self):
        """a row that is a limit fails above its mark, whatever has been recorded"""
        for recorded in ({}, self.RECORDED, {"boot": {"figure": 200, "met": False}}):
            for figure, complaints in ((102, 0), (103, 1)):
                row = {"name": "boot", "what": "reset to main()", "unit": "instructions",
                       "mark": 102, "figure": figure, "is_limit": True}
                self.assertEqual(len(list(bench.complaints(row, recorded))), complaints)

    def test_times_with_interrupts_off(self):
        """what an image tells is found, also on a terminal; each run is chosen or has a reason"""
        text = ("kiln: cpu 0: interrupts off for 64 ns, from a+0x1 < b+0x2 to c+0x3 < d+0x4\r\n"
                "kiln: cpu 0: interrupts off for 32 ns, from a+0x1 to c+0x3\n")
        self.assertEqual(irqs_off.STRETCH.findall(text), [("64", "a+0x1 < b+0x2", "c+0x3 < d+0x4"),
                                                          ("32", "a+0x1", "c+0x3")])
        runs, left_out = irqs_off.choose("virt-aarch64")
        self.assertEqual(len({irqs_off.what_runs(run) for run in runs}), len(runs))
        self.assertFalse({run.name for run in runs} & set(left_out))
        for name in irqs_off.LEFT_OUT:
            self.assertTrue([run for run in left_out if name in run], name)

    def test_tools_are_named(self):
        self.write("CMakeCache.txt", "KILN_LIBC:STRING=\nKILN_LIBC_NAME:INTERNAL=newlib 3.3.99\n")
        for board in boards.names():
            self.assertRegex(bench.tools_of(boards.load(board), self.folder),
                             r"^gcc [0-9]+\.[0-9]+\.[0-9]+, newlib 3\.3\.99$")


class AptSources(KilnTest):
    DEB822 = ("# comment\nTypes: deb deb-src\nURIs: http://mirror/debian\nSuites: bookworm\n"
              "Components: main contrib\nSigned-By:\n -----BEGIN\n .\n abc\n\n"
              "Enabled: no\nTypes: deb\nURIs: http://other\nSuites: bookworm\nComponents: main\n")

    def test_deb822(self):
        """the address and the key come from the machine's own .sources file"""
        self.write("sources.list.d/debian.sources", self.DEB822)
        text = apt_sources.backports_entry(self.folder, "bookworm")
        self.assertEqual(text, "Types: deb\nURIs: http://mirror/debian\n"
                               "Suites: bookworm-backports\nComponents: main\n"
                               "Signed-By: \n -----BEGIN\n .\n abc\n")

    def test_one_line(self):
        """and from a sources.list of one-line entries"""
        self.write("sources.list",
                   "deb-src http://no bookworm main\n"
                   "deb [arch=amd64 signed-by=/k.gpg] http://m/debian bookworm main\n")
        text = apt_sources.backports_entry(self.folder, "bookworm")
        self.assertIn("URIs: http://m/debian\n", text)
        self.assertIn("Signed-By: /k.gpg\n", text)

    def test_there_already(self):
        """nothing is added when the machine has its backports"""
        self.write("sources.list", "deb http://m bookworm main\n"
                                   "deb http://m bookworm-backports main\n")
        self.assertIsNone(apt_sources.backports_entry(self.folder, "bookworm"))

    def test_unknown(self):
        """a machine without the release's own source is told so"""
        with self.assertRaises(Failure):
            apt_sources.backports_entry(self.folder, "bookworm")


class Elf(KilnTest):
    def test_no_elf(self):
        """what is no ELF file is refused"""
        with self.assertRaises(ValueError):
            elf.Elf64(os.path.realpath(__file__))
