"""What ./kiln test makes of ctest's list and of its results."""

import contextlib
import io

from support import KilnTest

from kiln_cli import boards, slowest, testing

RESULTS = """<testsuite>
<testcase name="host.plain" time="2.5" status="run"><system-out>no points</system-out></testcase>
<testcase name="boot.long" time="120.2" status="run"><system-out>ok 1 - a
ok 2 - b
1..2
# 61.5 s of CPU time
</system-out></testcase>
<testcase name="target.pc.bad" time="1" status="fail"><system-out>ok 1 - a
not ok 2 - b
# 0.2 s of CPU time
</system-out></testcase>
<testcase name="host.lost" time="0" status="fail"><system-out></system-out></testcase>
</testsuite>
"""


class Results(KilnTest):
    def told(self, times, seconds):
        """(the lines on standard output, those on standard error)"""
        output, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            times.tell(seconds)
        return output.getvalue().splitlines(), errors.getvalue().splitlines()

    def test_counts(self):
        """points are counted, or tests that have none; what failed without a point counts too"""
        passed, failed, _ = testing.count(self.write("results.xml", RESULTS))
        self.assertEqual((passed, failed), (1 + 2 + 1, 1 + 1))

    def test_slowest(self):
        """the slowest tests are told, with the CPU time that their drivers took"""
        _, _, times = testing.count(self.write("results.xml", RESULTS))
        output, errors = self.told(times, 125)
        self.assertEqual(output[:3], ["4 tests took 2 min 5 s, the slowest:",
                                      "  boot.long: 120 s, 61.5 s of CPU time",
                                      "  host.plain: 2 s"])
        self.assertEqual(errors, ["kiln: boot.long took 62 s of CPU time, more than 60 s: "
                                  "split it, or make it faster"])

    def test_few_are_told(self):
        """a few tests are told, not all; one that is within its limit is not complained of"""
        times = slowest.Times()
        for number in range(9):
            times.add(f"host.{number}", number, "# 60.0 s of CPU time\n")
        output, errors = self.told(times, 9)
        self.assertEqual(output[0], "9 tests took 9 s, the slowest:")
        self.assertEqual(len(output), 1 + slowest.SHOWN)
        self.assertTrue(output[1].startswith("  host.8: "))
        self.assertEqual(errors, [])


class Libraries(KilnTest):
    def wanted(self, *names):
        every_board = [boards.load(name) for name in boards.names()]
        listed = "".join(f"  Test #{n}: {name}\n" for n, name in enumerate(names, 1))
        return {(boards.load(board).isa.name, libc)
                for board, libc in testing.wanted_libraries(every_board, listed)}

    def test_libraries(self):
        """only those C libraries are built that the chosen tests link with"""
        self.assertEqual(self.wanted("host.list", "target.raspi3.string", "fuzz.heap"), set())
        self.assertEqual(self.wanted("target.pc.string"), {("x86_64", "newlib")})
        self.assertEqual(self.wanted("target.raspi3.libc_mman.newlib"), {("aarch64", "newlib")})
        self.assertEqual(self.wanted("boot.run"), {("x86_64", "newlib")})
        self.assertEqual(self.wanted("checks.builds_gcc_raspi3"),
                         {("x86_64", "newlib"), ("aarch64", "newlib")})
