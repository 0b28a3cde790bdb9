"""./kiln run --debug and ./kiln debug: gdb with source lines, backtraces and threads."""

import re
import signal
import socket
import subprocess
import time

from support import BOARDS, KILN, KilnTest, children_of, is_alive

DEEP_C = """\
#include <kiln.h>
volatile int *nowhere;
__attribute__((noinline)) int touch(int deep)
{
    if (deep)
        return touch(deep - 1) + 1;
    kiln_sleep_for(KILN_MILLISECONDS(100));
    return *nowhere;
}
int main(void)
{
    return touch(2) + 1;
}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


class Debug(KilnTest):
    def start(self, path, board, *words):
        """./kiln run --debug, once it waits: (process, port)."""
        port = free_port()
        process = subprocess.Popen([KILN, "run", path, "-b", board, "--debug", "--port", port,
                                    *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait, 20)
        self.addCleanup(process.terminate)
        while b"waiting for gdb" not in process.stderr.readline():
            self.assertIsNone(process.poll())
        return process, port

    def gdb(self, path, board, port, *steps):
        """What gdb says to a script that starts stopped at main."""
        words = ["debug", path, "-b", board, "--port", port, "--", "-batch"]
        for step in steps:
            words += ["-ex", step]
        return self.good(*words, cwd=self.folder).decode()

    def test_main(self):
        """gdb stops at main and knows its source line"""
        path = self.source("deep.c", DEEP_C)
        for board in BOARDS:
            with self.subTest(board):
                process, port = self.start(path, board)
                text = self.gdb(path, board, port, "kill")
                self.assertRegex(text, r"(?m)^.*Breakpoint 1, main \(.*\) at .*deep.c:12$")
                self.assertRegex(text, r"(?m)^12\s+return touch\(2\) \+ 1;$")
                process.wait(20)

    def test_backtraces_through_exceptions(self):
        """a backtrace leads from an interrupt and from a fault to main"""
        path = self.source("deep.c", DEEP_C)
        for board in BOARDS:
            with self.subTest(board):
                process, port = self.start(path, board)
                text = self.gdb(path, board, port, "break core_interrupt", "continue",
                                "backtrace", "delete", "break core_fault", "continue",
                                "backtrace", "kill")
                _, interrupt, fault = re.split(r"(?m)^.*Breakpoint \d+, ", text)[1:]
                for trace in (interrupt, fault):
                    self.assertIn("<signal handler called>", trace)
                    self.assertRegex(trace, r"(?m)^#\d+ .* in touch \(.*\) at .*deep.c:\d+$")
                    self.assertRegex(trace, r"(?m)^#\d+ .* in main \(\) at .*deep.c:12$")
                process.wait(20)

    def test_threads(self):
        """kiln-threads lists the threads and the CPUs they run on"""
        path = self.source("deep.c", DEEP_C)
        for board in ("raspi3", "pc"):
            with self.subTest(board):
                process, port = self.start(path, board, "--smp", "4")
                text = self.gdb(path, board, port, "kiln-threads", "kill")
                self.assertRegex(text, r"(?m)^0x[0-9a-f]{16} cpu 0 +main$")
                listed = [line for line in text.splitlines() if " cpu " in line]
                self.assertEqual(len(listed), 4, text)
                process.wait(20)

    def test_ends_without_gdb(self):
        """an image that waits for gdb ends by SIGTERM"""
        process, _ = self.start(self.source("deep.c", DEEP_C), "raspi3")
        time.sleep(0.5)
        qemu = children_of(process.pid)
        self.assertTrue(qemu)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 128 + signal.SIGTERM)
        self.assertFalse([pid for pid in qemu if is_alive(pid)])
