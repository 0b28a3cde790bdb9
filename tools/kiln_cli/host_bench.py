"""
Kiln's malloc beside others, on the host: the program tests/bench/host/mix.c with each of them
preloaded, counted by callgrind. The instructions are those of what the program's loop calls: all
of malloc, free and the others, with the clearing and the copying of contents in calloc and realloc,
but neither the loop nor what the kernel does, such as clearing the pages that it maps.
"""

import os
import re
import subprocess

from . import building, installing, packages
from .failure import BUILD_FAILED, Failure
from .locks import Lock
from .places import in_root

OTHERS = {"glibc": None, "jemalloc": "jemalloc", "mimalloc": "mimalloc", "tcmalloc": "tcmalloc"}
LOOP = ("mix", "mix_counted")
WORSE = 1


class HostBench:
    """Builds what runs, once, and counts each pair of an allocator and a mix once."""

    def __init__(self, build_folder, verbose):
        self.tree = os.path.join(build_folder.path, "host_bench")
        self.verbose = verbose
        self.is_built = False
        self.counted = {}

    def build(self):
        """Returns the name and version of the compiler."""
        installing.ensure(packages.HOST_BENCH, verbose=self.verbose)
        if not self.is_built:
            with Lock(os.path.join(self.tree, ".lock")):
                self.run_step(["cmake", "-G", "Ninja", "-S", in_root("tests", "bench", "host"),
                               "-B", self.tree, "-DCMAKE_C_COMPILER=gcc"])
                self.run_step(["cmake", "--build", self.tree])
            self.is_built = True
        version = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True,
                                 check=True).stdout.strip()
        return f"gcc {version}, the host"

    def run_step(self, command):
        status, output = building.run_quietly(command, self.verbose)
        if status != 0:
            building.show(output)
            raise Failure("the allocators' mix could not be built", BUILD_FAILED)

    def count(self, mix, allocator, library):
        """Instructions of an operation of the mix, by this allocator."""
        if (mix, allocator) not in self.counted:
            self.counted[mix, allocator] = self.run(mix, allocator, library)
        return self.counted[mix, allocator]

    def kiln(self, mix, hardened):
        name = f"kiln_hardened_{hardened}"
        return self.count(mix, name, os.path.join(self.tree, f"lib{name}.so"))

    def others(self, mix):
        """{name: instructions}"""
        return {name: self.count(mix, name, packages.file_of(need) if need else "")
                for name, need in OTHERS.items()}

    def run(self, mix, allocator, library):
        counts = os.path.join(self.tree, f"{mix}.{allocator}")
        command = ["valgrind", "--tool=callgrind", "--toggle-collect=mix_counted",
                   "--compress-strings=no", "--compress-pos=no",
                   f"--callgrind-out-file={counts}", os.path.join(self.tree, "mix"), mix]
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              env={**os.environ, "LD_PRELOAD": library})
        operations = re.search(r"^operations ([0-9]+)$", done.stdout, re.MULTILINE)
        if done.returncode != 0 or not operations:
            raise Failure(f"{' '.join(command)}: {done.stderr}", WORSE)
        with open(counts, encoding="utf-8", errors="replace") as file:
            return below_the_loop(file) / int(operations.group(1))


def below_the_loop(lines):
    """Instructions in callgrind's output that are not those of the mix's own functions."""
    function, is_call, count = "", False, 0
    for line in lines:
        if line.startswith("fn="):
            function = line[3:].strip().split("'")[0]
        elif line.startswith("calls="):
            is_call = True
        elif line[0].isdigit():
            if not is_call and function not in LOOP:
                count += int(line.split()[1])
            is_call = False
    return count
