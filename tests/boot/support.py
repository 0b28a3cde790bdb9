"""What the tests of the command line share: they use ./kiln as a user would."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
KILN = os.path.join(ROOT, "kiln")
BOARDS = ("pc", "raspi3", "raspi4", "virt-aarch64")
# One of each way in which an image tells its exit status.
STATUS_BOARDS = ("raspi3", "pc")
# ./kiln test --long
IS_LONG = bool(os.environ.get("KILN_LONG_TESTS"))
# One of each ISA, for what every board of an ISA does by the same code; a long run takes all.
ISA_BOARDS = BOARDS if IS_LONG else ("pc", "raspi3")
SECONDS = 120

sys.path.insert(0, os.path.join(ROOT, "tools"))


def build_folder():
    return os.environ.get("KILN_BUILD_DIR") or os.path.join(ROOT, "build")


def children_of(pid):
    """Process ids of its children."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(entry))
    return found


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class KilnTest(unittest.TestCase):
    """A test with a folder of its own and a way to run ./kiln."""

    def setUp(self):
        self.program = KILN
        self.folder = tempfile.mkdtemp(prefix="kiln-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def source(self, name, text):
        """
        The path of a source that several tests of a module share, or one test's runs: as it stays
        where it is, it is configured, compiled and linked once.
        """
        path = os.path.join(build_folder(), "tests", "boot", type(self).__module__, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "a+", encoding="utf-8") as file:
            file.seek(0)
            if file.read() != text:
                file.truncate(0)
                file.write(text)
        return path

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def kiln(self, *words, data=b"", cwd=None, environment=None, **options):
        """Runs ./kiln; bytes in and out."""
        whole = {**os.environ, **(environment or {})}
        if "user" in options:
            whole["CCACHE_DISABLE"] = "1"  # the tests' cache belongs to whoever runs them
        return subprocess.run([self.program, *words], input=data, capture_output=True,
                              timeout=SECONDS, cwd=cwd or ROOT, env=whole, check=False, **options)

    def good(self, *words, **options):
        """Runs ./kiln, which has to succeed; its standard output."""
        result = self.kiln(*words, **options)
        self.assertEqual(result.returncode, 0, result)
        return result.stdout

    def refused(self, status, pattern, *words, **options):
        """Runs ./kiln, which has to fail with one clear message and no traceback."""
        result = self.kiln(*words, **options)
        text = result.stderr.decode()
        self.assertEqual(result.returncode, status, result)
        self.assertRegex(text, pattern)
        self.assertNotIn("Traceback", text)
        return text


class MachineTest(KilnTest):
    """A machine that lacks something: a PATH with only what it has."""

    TOOLS = ("env", "flock", "cmake", "ninja", "qemu-system-aarch64", "qemu-system-x86_64",
             "python3", "apt-get", "apt-cache", "apt-config", "install", "clang", "make", "mcopy",
             "mkfs.fat", "grub-mkrescue", "xorriso", "xz",
             *(prefix + tool for prefix in ("aarch64-linux-gnu-", "x86_64-linux-gnu-") for tool in
               ("gcc", "ar", "ranlib", "as", "ld", "nm", "objcopy", "addr2line")))

    def path_without(self, *missing):
        """An environment whose PATH has everything but these."""
        folder = self.path("bin")
        os.makedirs(folder)
        for tool in set(self.TOOLS) - set(missing):
            found = shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/sbin")
            if found:
                os.symlink(found, os.path.join(folder, tool))
        return {"PATH": folder}

    def script(self, name, text):
        path = self.path("bin", name)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # else a script would be written through a link
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod(path, 0o755)

    def as_nobody(self):
        """Options for a user who may not install anything, with a tree that this user may read."""
        if os.geteuid() != 0:
            return {}
        os.chmod(self.folder, 0o755)
        tree = self.path("tree")
        if not os.path.exists(tree):
            generated = shutil.ignore_patterns("build", ".git", "__pycache__")
            shutil.copytree(ROOT, tree, ignore=generated)
            subprocess.run(["chmod", "-R", "a+rX", tree], check=True)
        self.program = os.path.join(tree, "kiln")
        return {"user": 65534, "group": 65534, "extra_groups": [], "cwd": tree}

    def nobody_builds(self):
        """A build folder that this user may write."""
        folder = self.path("build")
        os.makedirs(folder)
        os.chmod(folder, 0o777)
        return {"KILN_BUILD_DIR": folder, "PYTHONDONTWRITEBYTECODE": "1", "HOME": folder}
