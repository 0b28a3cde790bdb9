"""Apps as users write them: a lone file, a folder outside the tree, C++, a new one, by hand."""

import json
import os
import signal
import subprocess

from support import BOARDS, IS_LONG, ISA_BOARDS, KILN, ROOT, KilnTest

HELLO_C = '#include <stdio.h>\nint main(void) { puts("works"); }\n'
CONFIG_C = r"""
#include <kiln.h>
#include <stdio.h>
int main(void) { printf("%d %d\n", KILN_CONFIG_CHECKS, KILN_CONFIG_BAUD); }
"""
HELLO_CPP = r"""
#include <kiln.h>
#include <stdio.h>
struct Counter {
    Counter() { value = 41; }
    int value;
};
static Counter counter;
int main() { printf("%d\n", counter.value + 1); }
"""


class Places(KilnTest):
    def test_lone_file(self):
        """a single .c file, named relative to where the user is"""
        self.write("one file.c", HELLO_C)
        self.assertEqual(self.good("run", "one file.c", cwd=self.folder), b"works\n")

    def test_lone_cpp_file(self):
        """a single .cpp file, with a constructor"""
        path = self.write("counter.cpp", HELLO_CPP)
        for board in ISA_BOARDS:
            self.assertEqual(self.good("run", path, "-b", board), b"42\n")

    def test_folder_outside(self):
        """a folder outside the tree, with a space in its name"""
        self.write("my app/main.c", HELLO_C)
        self.write("my app/CMakeLists.txt",
                   "cmake_minimum_required(VERSION 3.20)\nproject(mine C)\n"
                   "find_package(Kiln REQUIRED)\nkiln_app(mine SOURCES main.c)\n")
        self.assertEqual(self.good("run", self.path("my app")), b"works\n")
        self.assertEqual(self.good("run", ".", cwd=self.path("my app")), b"works\n")

    def test_build_folder_elsewhere(self):
        """--build-dir and KILN_BUILD_DIR move everything that is built"""
        path = self.write("one.c", HELLO_C)
        elsewhere = {"KILN_BUILD_DIR": self.path("other")}
        self.good("build", path, "--build-dir", self.path("out"), environment=elsewhere)
        self.assertFalse(os.path.exists(self.path("other")))
        for name in ("one.elf", "one.map", "kernel8.img", "compile_commands.json"):
            self.assertTrue(os.path.exists(self.path("out", "raspi3", "one", name)), name)
        os.rename(self.path("out"), self.path("other"))
        self.assertEqual(self.good("run", path, environment=elsewhere), b"works\n")
        self.assertFalse(os.path.exists(self.path("out")))

    def test_changes_are_seen(self):
        """a changed source and a changed option build again, and only then"""
        path = self.write("one.c", HELLO_C)
        self.assertEqual(self.good("run", path), b"works\n")
        self.assertEqual(self.kiln("run", path).stderr, b"")
        self.write("one.c", HELLO_C.replace("works", "changed"))
        self.assertEqual(self.good("run", path), b"changed\n")
        result = self.kiln("run", path, "--config", "BAUD=9600")
        self.assertEqual(result.stdout, b"changed\n")
        self.assertIn(b"kiln: building one for raspi3\n", result.stderr)

    def test_configuration(self):
        """--config, --release and --checks reach the program"""
        path = self.write("config.c", CONFIG_C)
        self.assertEqual(self.good("run", path), b"1 115200\n")
        self.assertEqual(self.good("run", path, "--release"), b"0 115200\n")
        self.assertEqual(self.good("run", path, "--checks", "--config", "BAUD=9600"), b"1 9600\n")

    def test_app_configuration(self):
        """what the app's own CMakeLists.txt chooses holds for QEMU too"""
        self.write("main.c", HELLO_C)
        settings = {"raspi3": "CONSOLE_UART=2", "virt-aarch64": "GIC=3"}
        if IS_LONG:
            settings["raspi4"] = "CONSOLE_UART=2"
        for board, setting in settings.items():
            with self.subTest(board):
                self.write("CMakeLists.txt",
                           "cmake_minimum_required(VERSION 3.20)\nproject(mini C)\n"
                           "find_package(Kiln REQUIRED)\n"
                           f"kiln_app(mini SOURCES main.c CONFIG {setting})\n")
                self.assertEqual(self.good("run", self.folder, "-b", board), b"works\n")

    def test_gicv3(self):
        """virt-aarch64 with the other interrupt controller"""
        self.assertEqual(self.good("run", "-b", "virt-aarch64", "--config", "GIC=3", "--smp", "4"),
                         b"Hello from Kiln on virt-aarch64!\n")

    def test_two_at_once(self):
        """the same app built and run by several commands at once"""
        path = self.write("one.c", HELLO_C)
        command = [KILN, "run", path]
        processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE) for _ in range(3)]
        for process in processes:
            output, errors = process.communicate(timeout=120)
            self.assertEqual((process.returncode, output), (0, b"works\n"), errors)


class Clang(KilnTest):
    def test_clang(self):
        """an app and the runtime by clang and lld, for every ISA"""
        # The kind of runtime that the checks build by clang, too.
        path = self.write("by_clang.c", HELLO_C)
        for board in ISA_BOARDS:
            with self.subTest(board):
                self.assertEqual(self.good("run", path, "-b", board, "--toolchain", "clang",
                                           "--config", "UBSAN=1", "--smp", "4"), b"works\n")


class New(KilnTest):
    def test_new(self):
        """a new app builds and runs at once, with what editors need"""
        self.good("new", "first app", cwd=self.folder)
        app = self.path("first app")
        self.assertEqual(self.good("run", app, "--", "x"),
                         b"first-app runs on Kiln\nargument 1: x\n")
        for name in ("settings", "tasks", "launch"):
            with open(os.path.join(app, ".vscode", name + ".json"), encoding="utf-8") as file:
                self.assertTrue(json.load(file))
        self.assertTrue(os.path.exists(os.path.join(app, ".clangd")))

    def test_new_by_hand(self):
        """a new app configures by CMake itself, which finds Kiln"""
        self.good("new", "mine", cwd=self.folder)
        configure = ["cmake", "-G", "Ninja", "-S", self.path("mine"), "-B", self.path("out"),
                     f"-DCMAKE_TOOLCHAIN_FILE={ROOT}/cmake/toolchain-aarch64.cmake",
                     "-DKILN_BOARD=virt-aarch64"]
        for command in (configure, ["cmake", "--build", self.path("out")]):
            result = subprocess.run(command, capture_output=True, timeout=120, check=False)
            self.assertEqual(result.returncode, 0, result)
        self.assertTrue(os.path.exists(self.path("out", "mine.elf")))


class Boards(KilnTest):
    def test_boards(self):
        """boards lists every board, and says which is the default"""
        text = self.good("boards").decode()
        for board in BOARDS:
            self.assertRegex(text, rf"(?m)^{board} ")
        self.assertRegex(text, r"(?m)^raspi3 .*\(default\)$")
        self.assertRegex(text, r"(?m)^pc +x86_64 +8 +q35, pc, microvm; 7.2 or later ")

    def test_nobody_reads(self):
        """a reader that has gone is no reason for a traceback"""
        reading, writing = os.pipe()
        os.close(reading)
        result = subprocess.run([KILN, "boards"], stdout=writing, stderr=subprocess.PIPE,
                                timeout=60, check=False)
        os.close(writing)
        self.assertEqual((result.returncode, result.stderr), (128 + signal.SIGPIPE, b""))


class Schedule(KilnTest):
    def test_policies(self):
        """schedule shows the same jobs under each policy as the textbooks have them"""
        output = self.good("run", "schedule", "-b", "virt-aarch64", "--icount").decode()
        charts = dict(part.split("\n", 1) for part in output.split("\n\n")[1:])
        first_come = next(text for name, text in charts.items() if name.startswith("First come"))
        self.assertIn("A |##########          |  turnaround  10.0", first_come)
        self.assertIn("B | .........##        |", first_come)
        self.assertIn("E |     ............###|", first_come)
        self.assertIn("C |  ........#         |", charts["Shortest job first"])
        self.assertIn("A |#..........#########|", charts["Shortest remaining time"])
        self.assertIn("B | #..#", charts["Round robin"])
        means = {line[:26].strip(): float(line[26:36]) for line in output.splitlines()[-6:]}
        self.assertEqual(min(means, key=means.get), "Shortest remaining time")
        self.assertGreater(means["First come, first served"], means["Shortest job first"])

    def test_jobs(self):
        """schedule takes jobs as arguments, and refuses what are none"""
        output = self.good("run", "schedule", "-b", "virt-aarch64", "--icount", "--", "0:2", "1:1")
        self.assertIn(b"Job B arrives at 1 and takes 1.\n", output)
        self.assertEqual(self.kiln("run", "schedule",
                                   "-b", "virt-aarch64", "--", "0:0").returncode, 2)
