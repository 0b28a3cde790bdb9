#!/usr/bin/python3
"""
Checks that every header compiles alone: the public API and posix/include in C11 and in C++, also as
strictly as a user may have it; contracts and the layers' own headers in the runtime's C11; and that
C++ by clang likes the public ones as gcc does.
"""

import concurrent.futures
import os
import re
import subprocess

from _support import ROOT, Writer, configured, files, finish, must, planted, read, report

WARNINGS = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x"]
STRICT = ["-Wpedantic", "-Wshadow", "-Wundef", "-Wcast-qual", "-Wwrite-strings"]
GCC = ["aarch64-linux-gnu-gcc", "-U__linux__", "-nostdinc"]
GXX = ["aarch64-linux-gnu-g++", "-U__linux__", "-nostdinc"]
CLANGXX = ["clang++", "--target=aarch64-none-elf"]

# What the board files define for the controllers.
CONTROLLERS = {
    "gicv2": ["-DKILN_GICD_BASE=1", "-DKILN_GICC_BASE=2"],
    "gicv3": ["-DKILN_GICD_BASE=1", "-DKILN_GICR_BASE=2"],
    "bcm2836": ["-DKILN_BCM2836_BASE=1", "-DKILN_BCM2835_BASE=2"],
}
# An ISA's and a controller's inlines are included by their contracts only.
PRIVATE = ("isa", "irq_controller_inline.h")


def system_headers():
    """Options for the C library that a runtime found, and for gcc's own headers."""
    cache = read(os.path.join(configured("raspi3"), "CMakeCache.txt"))
    libc = re.search(r"^KILN_PICOLIBC:\w+=(.*)$", cache, re.MULTILINE).group(1)
    own = must([GCC[0], "-print-file-name=include"]).strip()
    return ["-isystem", f"{libc}/include"], ["-isystem", own]


def modes(libc, own):
    """[(name, command)] for public headers."""
    public = libc + ["-I", f"{ROOT}/include", "-isystem", f"{ROOT}/posix/include"]
    gcc, gxx = GCC + own, GXX + own
    found = []
    for config in ((), ("-DKILN_CONFIG_CHECKS=0",), ("-DKILN_CONFIG_SMP=1",)):
        label = " ".join(config)
        found += [
            (f"C11 {label}", gcc + public + [*config, *WARNINGS, "c", "-std=c11", *STRICT]),
            (f"C++17 {label}", gxx + public + [*config, *WARNINGS, "c++", "-std=c++17", *STRICT]),
        ]
    found.append(("C++14 by clang", CLANGXX + public + [*WARNINGS, "c++", "-std=c++14"]))
    return found


def runtime_modes(libc, own):
    """[(name, command)] for the headers of the runtime, one for each interrupt controller."""
    layers = [name for name in ("lib", "irq", "mm", "core", "drivers", "posix")
              if os.path.isdir(os.path.join(ROOT, name, "include"))]
    include = [word for name in layers for word in ("-I", f"{ROOT}/{name}/include")]
    for name, definitions in CONTROLLERS.items():
        for smp in ("0", "1"):
            yield (f"C11 with {name}, SMP={smp}",
                   [*GCC, *libc, *own, "-I", f"{ROOT}/include", "-I",
                    f"{ROOT}/arch/aarch64/include", "-I", f"{ROOT}/irq/{name}", *include,
                    *definitions, f"-DKILN_CONFIG_SMP={smp}", *WARNINGS, "c", "-std=gnu11",
                    "-Wmissing-prototypes", "-Wstrict-prototypes"])


def compile_alone(command, name):
    """What the compiler says when the header is all there is, twice; nothing when it likes it."""
    text = f"#include <{name}>\n#include <{name}>\nextern int more;\n"
    result = subprocess.run([*command, "-"], input=text, capture_output=True, text=True,
                            check=False)
    return result.stderr if result.returncode else ""


def names_below(folder):
    """Names of the headers of an include folder, as #include wants them."""
    return [path[len(folder) + 1:] for path in files((".h",), [folder])]


def jobs(libc, own):
    public = [name for name in names_below("include") if name.startswith("kiln")]
    public += names_below("posix/include")
    for name in public:
        for mode, command in modes(libc, own):
            yield name, mode, command
    runtime = [name for name in names_below("include") if name not in public]
    for layer in ("lib", "irq", "mm", "core", "drivers"):
        runtime += names_below(f"{layer}/include")
    for name in runtime:
        for mode, command in runtime_modes(libc, own):
            yield name, mode, command


def main():
    writer = Writer()
    system = system_headers()
    work = list(jobs(*system))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda job: compile_alone(job[2], job[0]), work))
    for name in dict.fromkeys(job[0] for job in work):
        report(writer, [f"{job[1]}: {text}" for job, text in zip(work, said)
                        if job[0] == name and text], f"<{name}> compiles alone")
    bad = "static inline size_t f(void *p) { int *q = p; return *q; }\n"
    with planted({"kiln/bad.h": bad}) as at:
        for mode, command in modes(*system):
            writer.point(compile_alone(command + ["-I", at], "kiln/bad.h"),
                         f"{mode} refuses a header that does not stand alone")
    finish(writer)


main()
