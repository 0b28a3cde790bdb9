"""What a user gets wrong, or the machine lacks: one clear message and the right status."""

import os
import socket

from support import KILN, KilnTest, MachineTest

HELLO_C = '#include <stdio.h>\nint main(void) { puts("works"); }\n'
CMAKE = "cmake_minimum_required(VERSION 3.20)\nproject(x C)\nfind_package(Kiln REQUIRED)\n"


class Words(KilnTest):
    def test_no_command(self):
        """no command and an unknown one are wrong usage"""
        self.refused(2, "COMMAND")
        self.refused(2, "invalid choice", "fire")

    def test_unknown_board(self):
        """an unknown board is named, with those that exist"""
        text = self.refused(2, "no board 'raspi33'", "run", "-b", "raspi33")
        self.assertIn("did you mean raspi3", text)
        self.assertIn("virt-aarch64", text)

    def test_unknown_app(self):
        """an unknown app is named, with those that exist"""
        text = self.refused(2, "no app 'helo'", "run", "helo")
        self.assertIn("did you mean hello", text)
        self.refused(2, "no such file or folder: no/such.c", "run", "no/such.c")

    def test_unknown_option(self):
        """an unknown configuration option is named, with near matches"""
        text = self.refused(2, "no option 'CONSOLE_URT'", "run", "--config", "CONSOLE_URT=2")
        self.assertIn("did you mean CONSOLE_UART", text)
        self.refused(2, "wants a number", "run", "--config", "BAUD=fast")
        self.refused(2, "wants a number", "run", "--config", "BAUD")

    def test_numbers(self):
        """numbers that make no sense"""
        self.refused(2, "--smp", "run", "--smp", "0")
        self.refused(2, "--smp takes 1 to 4", "run", "--smp", "5")
        self.refused(2, "--smp takes 1 to 8", "run", "-b", "pc", "--smp", "9")
        self.refused(2, "--smp takes 1 to 8", "image", "hello", "-b", "pc", "--smp", "9")
        self.refused(2, "--timeout", "run", "--timeout", "-1")
        self.refused(2, "--port", "run", "--port", "99999")

    def test_unknown_machine(self):
        """a machine that the board is not is named, with those that it is"""
        text = self.refused(2, "pc has no machine 'q53'", "run", "-b", "pc", "--machine", "q53")
        self.assertIn("did you mean q35", text)
        self.assertIn("--machine takes q35, pc, microvm", text)
        self.assertEqual(len(text.splitlines()), 1)
        self.refused(2, "--machine takes raspi3b", "run", "--machine", "q35")

    def test_words_for_another_command(self):
        """only run, image and debug have words of the program"""
        self.refused(2, "words after --", "build", "hello", "--", "x")

    def test_unknown_test(self):
        """a pattern that no test matches"""
        self.refused(2, "no test", "test", "no-such-test-name",
                     environment={"KILN_BUILD_DIR": self.folder})


class Apps(KilnTest):
    def test_folder_without_project(self):
        """a folder that is no app"""
        self.refused(2, "no CMakeLists.txt", "run", self.folder)

    def test_folder_without_app(self):
        """a CMakeLists.txt that makes no app"""
        self.write("CMakeLists.txt", CMAKE)
        self.refused(2, "does not call kiln_app", "run", self.folder)

    def test_two_apps(self):
        """two apps in a folder are listed"""
        self.write("main.c", HELLO_C)
        self.write("CMakeLists.txt", CMAKE + "kiln_app(one SOURCES main.c)\n"
                                             "kiln_app(two SOURCES main.c)\n")
        self.refused(2, "2 apps: one, two", "run", self.folder)
        self.write("CMakeLists.txt", CMAKE + "kiln_app(one SOURCES main.c)\n")
        self.assertEqual(self.good("run", self.folder), b"works\n")

    def test_no_source(self):
        """a file that is no source"""
        self.refused(2, "has to end in", "run", self.write("notes.txt", "hello"))

    def test_broken_source(self):
        """a source that does not compile: the compiler's words, status 3, and no harm afterwards"""
        path = self.write("broken.c", "int main(void) { return missing; }\n")
        text = self.refused(3, r"broken.c:1:25: error: .*missing", "run", path)
        self.assertRegex(text, r"(?m)^kiln: broken could not be built for raspi3$")
        self.write("broken.c", HELLO_C)
        self.assertEqual(self.good("run", path), b"works\n")

    def test_warnings_are_no_errors(self):
        """a user's own file is not built with -Werror"""
        path = self.write("unclean.c", "static int unused;\n" + HELLO_C +
                          "int f() { int x; return x; }\n")
        self.assertEqual(self.good("run", path), b"works\n")

    def test_broken_project(self):
        """a CMakeLists.txt that CMake refuses, and one that is mended"""
        self.write("main.c", HELLO_C)
        self.write("CMakeLists.txt", CMAKE + "no_such_function()\n")
        text = self.refused(3, "no_such_function", "run", self.folder)
        self.assertRegex(text, r"(?m)^kiln: cmake could not configure")
        self.write("CMakeLists.txt", CMAKE + "kiln_app(mended SOURCES main.c)\n")
        self.assertEqual(self.good("run", self.folder), b"works\n")

    def test_no_main(self):
        """a program without main does not link"""
        self.refused(3, "main", "run", self.write("none.c", "int x;\n"))

    def test_reserved_name(self):
        """a name that the build folder needs itself"""
        self.refused(2, "cannot be named 'release'", "run", self.write("release.c", HELLO_C))

    def test_same_name_elsewhere(self):
        """two apps of one name in two places do not get mixed up"""
        first = self.write("a/same.c", HELLO_C)
        second = self.write("b/same.c", HELLO_C.replace("works", "second"))
        for _ in range(2):
            self.assertEqual(self.good("run", first), b"works\n")
            self.assertEqual(self.good("run", second), b"second\n")

    def test_new_where_something_is(self):
        """a skeleton does not overwrite what is there"""
        self.write("main.c", HELLO_C)
        self.refused(2, "exists already", "new", self.folder)


class Machine(MachineTest):
    """A machine that lacks something."""

    def test_missing_tool(self):
        """a missing tool is named with its package, and who may not install is told how to"""
        environment = {**self.path_without("ninja"), **self.nobody_builds()}
        text = self.refused(3, "missing: ninja; install it as root: apt-get install ninja-build",
                            "run", environment=environment, **self.as_nobody())
        self.assertEqual(len(text.splitlines()), 1)

    def test_no_apt(self):
        """a machine without apt-get is told what to install"""
        environment = {**self.path_without("cmake", "apt-get"), **self.nobody_builds()}
        self.refused(3, "there is no apt-get here to install cmake", "run",
                     environment=environment, **self.as_nobody())

    def test_old_qemu(self):
        """a QEMU that is too old for the board is said to be, with the command for a newer one"""
        environment = {**self.path_without(), **self.nobody_builds()}
        self.script("qemu-system-aarch64", 'echo "QEMU emulator version 7.2.4 (Debian)"\n')
        self.refused(3, r"QEMU 9.0 or later for raspi4; install it as root: "
                        r"apt-get install -t [a-z]+-backports qemu-system-arm",
                     "run", "-b", "raspi4", environment=environment, **self.as_nobody())

    def test_qemu_fails(self):
        """a QEMU that ends by itself, before the image told a status, is reported"""
        self.good("build", "hello", "-b", "pc")
        environment = self.path_without()
        self.script("qemu-system-x86_64", 'case "$1" in --version) echo "QEMU emulator version '
                    '10.0.2";; *) echo half a line; exit 3;; esac\n')
        self.refused(3, "QEMU ended with status 3 before the image told its own", "run", "hello",
                     "-b", "pc", environment=environment)
        self.script("qemu-system-x86_64", 'case "$1" in --version) echo "QEMU emulator version '
                    '10.0.2";; *) echo no such device >&2; exit 1;; esac\n')
        self.refused(3, "no such device\nkiln: QEMU could not start the image", "run", "hello",
                     "-b", "pc", environment=environment)

    def test_unknown_toolchain(self):
        """a toolchain prefix that leads to no compiler"""
        self.refused(3, "no compiler nowhere-gcc", "run", "--toolchain", "nowhere-")

    def test_port_in_use(self):
        """a port for gdb that somebody has"""
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = str(other.getsockname()[1])
            self.refused(2, f"port {port} for gdb cannot be used", "run", "--debug", "--port", port)

    def test_debug_without_run(self):
        """gdb without an image that waits"""
        self.good("build", "hello")
        self.refused(2, "nothing waits for gdb on port", "debug", "hello", "--port", "1")
        self.refused(2, "not built", "debug", "hello",
                     environment={"KILN_BUILD_DIR": self.folder})

    def test_build_folder_cannot_be_written(self):
        """a build folder that may not be written"""
        environment = {"KILN_BUILD_DIR": "/proc/kiln", "PYTHONDONTWRITEBYTECODE": "1"}
        self.refused(3, "/proc/kiln", "run", environment=environment)

    def test_silent_image(self):
        """an image that never prints ends by its time limit"""
        path = self.write("silent.c", "int main(void) { for (;;) ; }\n")
        self.refused(124, "timed out", "run", path, "--timeout", "2")

    def test_link_to_kiln(self):
        """./kiln works by way of a link from anywhere"""
        link = self.path("kiln-link")
        os.symlink(KILN, link)
        self.assertEqual(os.path.realpath(link), os.path.realpath(KILN))
        self.assertIn(b"raspi3", self.good("boards", cwd=self.folder))
