"""./kiln run: output, status, words, input and the ways it ends."""

import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

from support import (BOARDS, IS_LONG, ISA_BOARDS, KILN, ROOT, STATUS_BOARDS, KilnTest, build_folder,
                     children_of, is_alive)

STATUS_C = """
#include <stdlib.h>
int main(int argc, char **argv) { return argc > 1 ? atoi(argv[1]) : 0; }
"""
WORDS_C = r"""
#include <stdio.h>
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        printf("%d:%s\n", i, argv[i]);
}
"""
COPY_C = r"""
#include <stdio.h>
int main(void)
{
    int c;
    while ((c = getchar()) != EOF)
        putchar(c);
    return 42;
}
"""
FOREVER_C = r"""
#include <kiln.h>
#include <stdio.h>
int main(void)
{
    printf("still here\n");
    for (;;)
        ;
}
"""
QUIET_C = r"""
#include <stdio.h>

int main(void)
{
    puts("said once");
    return 0;
}
"""

EVERY_BYTE_C = r"""
#include <stdio.h>
int main(void)
{
    for (int i = 0; i < 1024; i++)
        putchar(i & 255);
}
"""
READS_LINES_C = r"""
#include <stdio.h>
#include <string.h>
int main(void)
{
    char line[80];
    printf("name? ");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin))
        return 1;
    line[strcspn(line, "\r\n")] = 0;
    printf("[%s]\n", line);
    return fgets(line, sizeof line, stdin) ? 2 : 0;
}
"""


class Output(KilnTest):
    def test_hello(self):
        """hello prints its line on every board and ends with status 0"""
        for board in BOARDS:
            with self.subTest(board):
                self.assertEqual(self.good("run", "-b", board),
                                 f"Hello from Kiln on {board}!\n".encode())

    def test_status(self):
        """main's return value is the exit status"""
        path = self.source("status.c", STATUS_C)
        for board in STATUS_BOARDS:
            for status in (0, 1, 2, 67, 77, 134, 255) if IS_LONG else (0, 1, 77, 255):
                with self.subTest(board=board, status=status):
                    result = self.kiln("run", path, "-b", board, "--", str(status))
                    self.assertEqual(result.returncode, status, result)

    def test_every_byte(self):
        """each byte value comes out as it is"""
        path = self.source("every_byte.c", EVERY_BYTE_C)
        for board in STATUS_BOARDS:
            self.assertEqual(self.good("run", path, "-b", board), bytes(range(256)) * 4)

    def test_quiet(self):
        """nothing is said when nothing is to be built, and with -v the commands can be pasted"""
        path = self.source("quiet.c", QUIET_C)  # no other test builds it meanwhile
        for board, status in (("raspi3", 0), ("pc", 2 * 0 + 1)):  # isa-debug-exit's arithmetic
            with self.subTest(board):
                self.good("run", path, "-b", board)
                self.assertEqual(self.kiln("run", path, "-b", board).stderr, b"")
                told = self.kiln("run", path, "-b", board, "-v").stderr.decode()
                self.assertRegex(told, r"(?m)^\+ cmake --build ")
                command = re.search(r"(?m)^\+ (qemu-system-\w+ .*)$", told).group(1)
                result = subprocess.run(command, shell=True, capture_output=True, timeout=20,
                                        stdin=subprocess.DEVNULL, check=False)
                self.assertEqual(result.returncode, status)
                self.assertIn(b"said once", result.stdout)
                # ./kiln itself leaves none of these.
                for left in re.findall(r"path=(\S+/\.exit-status-[0-9]+)", command):
                    os.remove(left)

    def test_machines(self):
        """--machine chooses another of QEMU's machines that the board is"""
        for machine in ("q35", "pc", "microvm"):
            with self.subTest(machine):
                self.assertEqual(self.good("run", "-b", "pc", "--machine", machine),
                                 b"Hello from Kiln on pc!\n")

    def test_closed_output(self):
        """a reader that goes away ends the run"""
        path = self.source("prints.c", FOREVER_C.replace("for (;;)\n        ;",
                                                         'for (;;)\n        puts("more");'))
        with subprocess.Popen([KILN, "run", path], stdout=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            process.stdout.readline()
            process.stdout.close()
            self.assertEqual(process.wait(60), 128 + signal.SIGPIPE)
            self.assertNotIn(b"Traceback", process.stderr.read())

    def test_guest_errors(self):
        """--log-guest-errors has QEMU write down what the image does wrong with the hardware"""
        path = self.write("wrong.c", "#include <stdint.h>\nint main(void) { return (int)"
                                     "*(volatile uint32_t *)0x3f201fa0u & 0; }\n")
        log = self.path("log")
        self.good("run", path, "--log-guest-errors", log)
        with open(log, encoding="utf-8") as file:
            self.assertIn("pl011_read: Bad offset", file.read())


class Arguments(KilnTest):
    GIVEN = ["", "a b", "it's", '"quoted"', "back\\slash", "a,b,,c", "--", "$HOME", "tab\there",
             "\u00e4\u20ac\U0001f525", "-b", "=", "#x", "*"]

    def printed(self, words):
        return "".join(f"{i}:{word}\n" for i, word in enumerate(words, 1)).encode()

    def test_words(self):
        """words after -- arrive whole on every board"""
        path = self.source("words.c", WORDS_C)
        for board in BOARDS:
            with self.subTest(board):
                self.assertEqual(self.good("run", path, "-b", board, "--", *self.GIVEN),
                                 self.printed(self.GIVEN))

    def test_bytes(self):
        """a word that is no UTF-8 arrives as it is"""
        path = self.source("words.c", WORDS_C)
        self.assertEqual(self.good("run", path, "--", b"\xff\x80"), b"1:\xff\x80\n")

    def test_many(self):
        """more words than a Pi's ATAGS hold arrive too"""
        path = self.source("words.c", WORDS_C)
        lengths = (400, 420, 430, 440, 450, 460, 500, 1500)
        for board in BOARDS:
            for length in lengths if IS_LONG or board == "raspi3" else (440, 1500):
                with self.subTest(board=board, length=length):
                    words = ["x" * (length // 2), "y" * (length - length // 2)]
                    self.assertEqual(self.good("run", path, "-b", board, "--", *words),
                                     self.printed(words))


class Input(KilnTest):
    def test_everything_arrives(self):
        """8 KiB of every byte value come back whole on every board, and then the end"""
        path = self.source("copy.c", COPY_C)
        data = bytes(range(256)) * 32 + b"last line without an end"
        for board in BOARDS:
            with self.subTest(board):
                result = self.kiln("run", path, "-b", board, data=data)
                self.assertEqual(result.stdout, data)
                self.assertEqual(result.returncode, 42)

    def test_mini_uart(self):
        """and by the mini-UART"""
        path = self.source("copy.c", COPY_C)
        data = b"0123456789abcde\n" * 512
        for board in ("raspi3", "raspi4"):
            with self.subTest(board):
                result = self.kiln("run", path, "-b", board, "--config", "CONSOLE_UART=2",
                                   data=data)
                self.assertEqual((result.returncode, result.stdout), (42, data))

    def test_ends(self):
        """an empty, an absent and a closed input are at their end at once"""
        path = self.source("copy.c", COPY_C)
        self.assertEqual(self.kiln("run", path).returncode, 42)
        result = subprocess.run([KILN, "run", path], stdin=subprocess.DEVNULL, timeout=60,
                                capture_output=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (42, b""))
        result = subprocess.run(["sh", "-c", f"exec '{KILN}' run '{path}' <&-"], timeout=60,
                                capture_output=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (42, b""))


class Ending(KilnTest):
    def start(self, *words, **options):
        process = subprocess.Popen([KILN, "run", *words], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        return process

    def ended_by(self, number, board="raspi3"):
        path = self.source("forever.c", FOREVER_C)
        process = self.start(path, "-b", board)
        self.assertEqual(process.stdout.readline(), b"still here\n")
        qemu = children_of(process.pid)
        self.assertTrue(qemu)
        process.send_signal(number)
        self.assertEqual(process.wait(20), 128 + number)
        self.assertFalse([pid for pid in qemu if is_alive(pid)])
        self.assertNotIn(b"Traceback", process.stderr.read())
        left = os.path.join(build_folder(), board, f".exit-status-{process.pid}")
        self.assertFalse(os.path.exists(left))

    def test_interrupt(self):
        """^C ends the run and QEMU"""
        self.ended_by(signal.SIGINT)

    def test_terminate(self):
        """SIGTERM too, and nothing is left behind"""
        self.ended_by(signal.SIGTERM)
        self.ended_by(signal.SIGTERM, "pc")

    def test_killed(self):
        """a QEMU that somebody kills is said to be, with the signal's status"""
        path = self.source("forever.c", FOREVER_C)
        for board in STATUS_BOARDS:
            with self.subTest(board):
                process = self.start(path, "-b", board)
                self.assertEqual(process.stdout.readline(), b"still here\n")
                for child in children_of(process.pid):
                    os.kill(child, signal.SIGKILL)
                self.assertEqual(process.wait(20), 128 + signal.SIGKILL)
                self.assertIn(b"kiln: QEMU was ended by signal 9\n", process.stderr.read())

    def test_timeout(self):
        """a run that takes too long is ended with status 124 and its last output"""
        path = self.source("waits.c", FOREVER_C.replace("        ;", "        kiln_sleep_for("
                                                       "KILN_SECONDS(1));"))
        text = self.refused(124, "timed out", "run", path, "--timeout", "5")
        self.assertIn("still here", text)


class Terminal(KilnTest):
    def start(self, *words):
        """./kiln on a terminal of its own: (process, the terminal's other end)."""
        master, terminal = pty.openpty()
        before = termios.tcgetattr(terminal)
        process = subprocess.Popen([KILN, *words], stdin=terminal, stdout=terminal,
                                   stderr=subprocess.PIPE, cwd=ROOT, start_new_session=True)
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, terminal)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        self.addCleanup(lambda: self.assertEqual(termios.tcgetattr(terminal), before))
        return process, master

    def read_until(self, master, wanted, seconds=60):
        seen, deadline = b"", time.monotonic() + seconds
        while wanted not in seen and time.monotonic() < deadline:
            if select.select([master], [], [], 0.2)[0]:
                seen += os.read(master, 4096)
        self.assertIn(wanted, seen)
        return seen

    def test_line_editing(self):
        """on a terminal the guest echoes and edits, ^D ends, and the terminal is restored"""
        path = self.source("reads.c", READS_LINES_C)
        process, master = self.start("run", path)
        self.read_until(master, b"name? ")
        os.write(master, b"Kilm\x7fn\r")
        seen = self.read_until(master, b"[Kiln]")
        self.assertIn(b"Kilm", seen)
        os.write(master, b"\x04")
        self.assertEqual(process.wait(20), 0)

    def test_interrupt_restores(self):
        """a run that is interrupted leaves the terminal as it was"""
        path = self.source("forever.c", FOREVER_C)
        process, master = self.start("run", path)
        self.read_until(master, b"still here")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), 130)


class Panic(KilnTest):
    def test_places(self):
        """a crash has status 134 and a backtrace with functions, files and lines"""
        path = self.source("crash.c", "volatile int *nowhere;\n"
                                     "__attribute__((noinline)) int touch(void)\n"
                                     "{\n    return *nowhere;\n}\n"
                                     "int main(void)\n{\n    return touch() + 1;\n}\n")
        for board in BOARDS:
            with self.subTest(board):
                result = self.kiln("run", path, "-b", board)
                self.assertEqual(result.returncode, 134)
                self.assertRegex(result.stdout, rb"(?m)^kiln: panic: ")
                for place in (rb"touch\S* at \S*crash.c:4", rb"main\S* at \S*crash.c:8"):
                    self.assertRegex(result.stdout, rb"(?m)^    0x[0-9a-f]{16} " + place + b"$")


class ManyCpus(KilnTest):
    def test_smp(self):
        """--smp starts that many CPUs on every board"""
        path = self.write("cpus.c", "#include <kiln.h>\nint main(void) "
                                    "{ return (int)kiln_cpu_count(); }\n")
        for board in BOARDS:
            for count in (1, 2, 4) if board in ISA_BOARDS else (4,):
                with self.subTest(board=board, count=count):
                    result = self.kiln("run", path, "-b", board, "--smp", str(count))
                    self.assertEqual(result.returncode, count, result)

    def test_icount(self):
        """--icount counts one instruction as one nanosecond"""
        path = self.write("count.c", "#include <kiln.h>\n#include <stdio.h>\n"
                                     "int main(void) { printf(\"%llu\\n\", (unsigned long long)"
                                     "kiln_time_counter()); }\n")
        for board in STATUS_BOARDS:
            counts = {self.good("run", path, "-b", board, "--icount") for _ in range(2)}
            self.assertEqual(len(counts), 1)
