"""How newlib is built: once, whole or not at all. A small source of the same form stands in."""

import os
import signal
import subprocess
import tarfile
import time

from support import ROOT, KilnTest

TOOL = os.path.join(ROOT, "tools", "build_newlib.py")
# Does what newlib's does as far as the tool can see, and notes each time that it is asked to.
CONFIGURE = """#!/bin/sh
for word; do
    case "$word" in CC=*) cc="${word#CC=}";; CFLAGS=*) cflags="${word#CFLAGS=}";; esac
done
echo '#define NEWLIB' > newlib.h
cat > one.c << END
#include "newlib.h"
_READ_WRITE_BUFSIZE_TYPE used(void) { return 1; }
_READ_WRITE_BUFSIZE_TYPE unused(void) { return used(); }
END
echo '_READ_WRITE_BUFSIZE_TYPE used(void); int other(void) { return used(); }' > two.c
cat > Makefile << END
all:
\techo built >> COUNT
\tsleep SECONDS
\t$cc $cflags -include newlib.h -c one.c two.c
\tar rcs libc.a one.o two.o
install:
\tmkdir -p \\$(DESTDIR)/ISA-none-elf/lib \\$(DESTDIR)/ISA-none-elf/include
\tcp libc.a \\$(DESTDIR)/ISA-none-elf/lib/
\tcp libc.a \\$(DESTDIR)/ISA-none-elf/lib/libg.a
\tcp newlib.h \\$(DESTDIR)/ISA-none-elf/include/
END
"""


class Newlib(KilnTest):
    def archive(self, seconds=0):
        """The stand-in's path."""
        text = CONFIGURE.replace("COUNT", self.path("count")).replace("SECONDS", str(seconds))
        configure = self.write("newlib-9.8.7/newlib/configure", text.replace("ISA", "x"))
        os.chmod(configure, 0o755)
        path = self.path("newlib-9.8.7.tar.xz")
        with tarfile.open(path, "w:xz") as archive:
            archive.add(self.path("newlib-9.8.7"), "newlib-9.8.7")
        return path

    def command(self, source, *options, into="into"):
        return [TOOL, "--isa", "x", "--compiler", "gcc", "--into", self.path(into), "--source",
                source, "--", *options]

    def run_tool(self, *words, **names):
        return subprocess.run(self.command(*words, **names), capture_output=True, text=True,
                              check=False)

    def builds(self):
        with open(self.path("count"), encoding="utf-8") as file:
            return len(file.readlines())

    def test_once(self):
        """the second time nothing is built; other options make another library"""
        source = self.archive()
        first, second = self.run_tool(source), self.run_tool(source)
        self.assertEqual(first.returncode, 0, first)
        self.assertEqual(first.stdout, second.stdout)
        folder, name = first.stdout.splitlines()
        self.assertEqual(name, "newlib 9.8.7")
        self.assertIn("kiln: building newlib 9.8.7 for x, once", first.stderr)
        self.assertEqual(second.stderr, "")
        self.assertEqual(self.builds(), 1)
        with open(os.path.join(folder, "include", "newlib.h"), encoding="utf-8") as file:
            self.assertIn("#define __DYNAMIC_REENT__ 1", file.read())
        other = self.run_tool(source, "-DOTHER")
        self.assertNotEqual(other.stdout.splitlines()[0], folder)
        self.assertEqual(self.builds(), 2)

    def test_weak(self):
        """what the library itself does not use is weak"""
        folder = self.run_tool(self.archive()).stdout.splitlines()[0]
        names = subprocess.run(["nm", "-g", os.path.join(folder, "lib", "libc.a")],
                               capture_output=True, text=True, check=True).stdout
        self.assertRegex(names, r"(?m) T used$")
        self.assertRegex(names, r"(?m) U used$")
        self.assertRegex(names, r"(?m) W unused$")

    def test_space(self):
        """the folder's name may have a space"""
        result = self.run_tool(self.archive(), into="a = b,c")
        self.assertEqual(result.returncode, 0, result)
        self.assertTrue(os.path.exists(os.path.join(result.stdout.splitlines()[0], "lib")))

    def test_several(self):
        """two that start at the same time build once"""
        source = self.archive(seconds=1)
        both = [subprocess.Popen(self.command(source), stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True) for _ in range(2)]
        said = {process.communicate()[0] for process in both}
        self.assertEqual(len(said), 1)
        self.assertEqual(self.builds(), 1)

    def test_interrupted(self):
        """a build that is ended leaves nothing, nor does one that is killed; the next one builds"""
        source = self.archive(seconds=3)
        for number in (signal.SIGTERM, signal.SIGKILL):
            with subprocess.Popen(self.command(source), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as process:
                while not os.path.exists(self.path("count")):
                    time.sleep(0.02)
                process.send_signal(number)
            os.unlink(self.path("count"))
            left = [name for name in os.listdir(self.path("into")) if not name.startswith(".")]
            self.assertEqual(left, [])
        result = self.run_tool(source)
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual(sorted(os.listdir(self.path("into"))),
                         [".x.lock", os.path.basename(result.stdout.splitlines()[0])])

    def test_absent(self):
        """without a source one line tells what to install"""
        result = self.run_tool(self.path("newlib-*.tar.xz"))
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"^kiln: newlib's source is missing .*newlib-source.*\n$")

    def test_broken(self):
        """a source that cannot be built says so, and leaves nothing"""
        self.write("newlib-1.0.0/newlib/configure", "#!/bin/sh\necho it is broken\nexit 1\n")
        os.chmod(self.path("newlib-1.0.0/newlib/configure"), 0o755)
        path = self.path("newlib-1.0.0.tar.xz")
        with tarfile.open(path, "w:xz") as archive:
            archive.add(self.path("newlib-1.0.0"), "newlib-1.0.0")
        result = self.run_tool(path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("kiln: newlib could not be built (configure failed):\nit is broken",
                      result.stderr)
        self.assertEqual(os.listdir(self.path("into")), [".x.lock"])
