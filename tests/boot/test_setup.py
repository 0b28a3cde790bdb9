"""Installing what is missing, with a make-believe apt-get that notes what it is asked for."""

import os
import pty
import re
import select
import shutil
import subprocess
import unittest

from support import KILN, ROOT, MachineTest

from kiln_cli import apt_sources, boards, packages

IS_ROOT = os.geteuid() == 0


class SetupTest(MachineTest):
    """A machine whose apt-get writes a log, and supplies ninja when it is asked for it."""

    def machine_without_ninja(self):
        environment = {**self.path_without("ninja"), **self.nobody_builds()}
        self.script("apt-get", f'echo "$@" >> {self.path("log")}\n'
                               f'case "$*" in *ninja-build*) {shutil.which("ln")} -sf '
                               f'{shutil.which("ninja")} {self.path("bin", "ninja")};; esac\n')
        return environment

    def log(self):
        """What apt-get was asked for, without the options that every call has."""
        if not os.path.exists(self.path("log")):
            return []
        with open(self.path("log"), encoding="utf-8") as file:
            return [line.split()[3:] for line in file]


class Installing(SetupTest):
    def test_without_terminal(self):
        """as root without a terminal what is missing is installed, and only that"""
        environment = self.machine_without_ninja()
        if IS_ROOT:
            self.good("setup", "run", environment=environment)
            self.assertEqual(self.log(), [["update"], ["install", "-y", "--no-install-recommends",
                                                       "ninja-build"]])
        else:
            self.refused(3, "install it as root", "setup", "run", environment=environment)
            self.assertEqual(self.log(), [])

    def test_failure(self):
        """an installation that fails shows what apt-get said"""
        environment = self.machine_without_ninja()
        self.script("apt-get", 'echo "E: no network"; exit 100\n')
        wanted = "E: no network\nkiln: this command failed: apt-get" if IS_ROOT \
            else "install it as root"
        self.refused(3, wanted, "run", environment=environment)

    def test_next_run_recovers(self):
        """after a failed installation the next run works"""
        environment = self.machine_without_ninja()
        self.refused(3, "missing", "run", environment=environment, **self.as_nobody())
        os.symlink(shutil.which("ninja"), self.path("bin", "ninja"))
        self.program = KILN  # whose sources are compiled already
        self.assertIn(b"Hello", self.good("run", environment=environment))

    def asked(self, answer):
        """(status, standard output, what was said) of a run on a terminal."""
        environment = {**os.environ, **self.machine_without_ninja()}
        if not IS_ROOT:
            self.script("sudo", 'exec "$@"\n')
        master, terminal = pty.openpty()
        process = subprocess.Popen([KILN, "setup", "run"], stdin=terminal, stderr=terminal,
                                   stdout=subprocess.PIPE, cwd=ROOT, env=environment)
        os.close(terminal)
        said = b""
        while b"[y/N]" not in said and select.select([master], [], [], 30)[0]:
            said += os.read(master, 4096)
        os.write(master, answer)
        output, _ = process.communicate(timeout=120)
        while select.select([master], [], [], 0)[0]:
            try:
                said += os.read(master, 4096)
            except OSError:
                break
        os.close(master)
        return process.returncode, output, said.decode()

    def test_yes(self):
        """on a terminal it asks, and installs after a yes"""
        status, _, said = self.asked(b"y\n")
        self.assertEqual(status, 0, said)
        self.assertIn("install ninja-build with apt-get? [y/N]", said)
        self.assertEqual(self.log()[-1][-1], "ninja-build")

    def test_no(self):
        """after anything else it installs nothing and names the command"""
        status, _, said = self.asked(b"\n")
        self.assertEqual(status, 3, said)
        self.assertIn("apt-get install ninja-build", said)
        self.assertEqual(self.log(), [])


class Backports(SetupTest):
    def old_release(self):
        """A release whose QEMU is too old, and whose backports have a newer one."""
        self.write("apt/sources.list.d/debian.sources",
                   "Types: deb\nURIs: http://mirror.invalid/debian\n"
                   f"Suites: {apt_sources.codename()}\nComponents: main\nSigned-By: /key.gpg\n")
        environment = {**self.path_without(), **self.nobody_builds(),
                       "APT_CONFIG": self.write("apt.conf", f'Dir::Etc "{self.path("apt")}";\n')}
        qemu = self.path("bin", "qemu-system-aarch64")
        real = shutil.which("qemu-system-aarch64")
        self.script("qemu-system-aarch64", 'echo "QEMU emulator version 7.2.4 (Debian 1:7.2)"\n')
        self.script("apt-cache", 'echo "  Candidate: 1:7.2+dfsg-7+deb12u15"\n')
        self.script("apt-get", f'echo "$@" >> {self.path("log")}\n'
                               f'case "$*" in *-backports*) {shutil.which("ln")} -sf {real} {qemu}'
                               ";; esac\n")
        return environment

    def test_newer_qemu(self):
        """a board that needs a newer QEMU gets it from the machine's own mirror's backports"""
        environment = self.old_release()
        if not IS_ROOT:
            self.refused(3, "-backports qemu-system-arm", "run", "-b", "raspi4",
                         environment=environment)
            return
        self.assertIn(b"Hello from Kiln on raspi4",
                      self.good("run", "-b", "raspi4", environment=environment))
        suite = f"{apt_sources.codename()}-backports"
        with open(self.path("apt/sources.list.d/kiln-backports.sources"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "Types: deb\nURIs: http://mirror.invalid/debian\n"
                                          f"Suites: {suite}\nComponents: main\n"
                                          "Signed-By: /key.gpg\n")
        self.assertEqual(self.log(), [["update"], ["update"],
                                      ["install", "-y", "--no-install-recommends", "-t", suite,
                                       "qemu-system-arm"]])

    def test_old_is_enough(self):
        """a board that the release's QEMU knows needs no backports"""
        self.assertLess((7, 2), tuple(map(int, boards.load("raspi4").qemu["minimum_version"]
                                          .split("."))))
        environment = self.old_release()
        self.kiln("run", "-b", "raspi3", environment=environment)
        self.assertEqual(self.log(), [])


class Packages(unittest.TestCase):
    def test_names(self):
        """every need has a package of a well-formed name"""
        for need in packages.test_needs(map(boards.load, boards.names())):
            self.assertTrue(re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", packages.package_of(need)), need)

    def test_run_needs(self):
        """what `run` installs is what the README says"""
        self.assertEqual(packages.packages_for(packages.run_needs(boards.load("raspi3"))),
                         ["cmake", "gcc-aarch64-linux-gnu", "ninja-build",
                          "picolibc-aarch64-linux-gnu", "qemu-system-arm"])
        self.assertEqual(packages.packages_for(packages.run_needs(boards.load("pc"))),
                         ["cmake", "gcc-x86-64-linux-gnu", "make", "newlib-source", "ninja-build",
                          "qemu-system-x86"])


class Setup(MachineTest):
    def test_nothing_to_do(self):
        """setup says so when everything is there"""
        self.assertIn(b"everything that is needed is there",
                      self.kiln("setup", "run").stderr)
