#!/usr/bin/python3
"""
Checks that every header compiles alone, for each ISA: the public API and posix/include in C11 and
in C++, also as strictly as a user may have it; contracts and the layers' own headers in the
runtime's C11; and that C++ by clang likes the public ones as gcc does.
"""

import concurrent.futures
import json
import os
import shlex
import subprocess

from _support import ROOT, Writer, configured, files, finish, isa_of, planted, read, report

WARNINGS = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x"]
STRICT = ["-Wpedantic", "-Wshadow", "-Wundef", "-Wcast-qual", "-Wwrite-strings"]
GCC_OPTIONS = ["-U__linux__", "-nostdinc"]

# A board of each ISA, and what the board files define for the controllers.
CONTROLLERS = {
    "raspi3": {
        "gicv2": ["-DKILN_GICD_BASE=1", "-DKILN_GICC_BASE=2"],
        "gicv3": ["-DKILN_GICD_BASE=1", "-DKILN_GICR_BASE=2"],
        "bcm2836": ["-DKILN_BCM2836_BASE=1", "-DKILN_BCM2835_BASE=2"],
    },
    "pc": {"apic": []},
}


def system_headers(board):
    """Options for the headers of the C library, and for the compiler's own, of a runtime."""
    with open(os.path.join(configured(board), "compile_commands.json"), encoding="utf-8") as file:
        words = shlex.split(json.load(file)[0]["command"])
    folders = [words[at + 1] for at, word in enumerate(words) if word == "-isystem"]
    compiler = [folder for folder in folders if "/gcc" in folder]
    libc = [folder for folder in folders if folder not in compiler]
    return tuple([word for folder in found for word in ("-isystem", folder)]
                 for found in (libc, compiler))


def modes(board, libc, own):
    """[(name, command)] for public headers."""
    isa = isa_of(board)
    public = libc + ["-I", f"{ROOT}/include"]
    gcc = [isa.tool("gcc"), *GCC_OPTIONS, *libc, *own, *public]
    gxx = [isa.tool("g++"), *GCC_OPTIONS, *libc, *own, *public]
    clangxx = ["clang++", f"--target={isa.clang_target}", *public]
    for config in ((), ("-DKILN_CONFIG_CHECKS=0",), ("-DKILN_CONFIG_SMP=1",)):
        label = f"for {isa.name} {' '.join(config)}"
        yield f"C11 {label}", gcc + [*config, *WARNINGS, "c", "-std=c11", *STRICT]
        yield f"C++17 {label}", gxx + [*config, *WARNINGS, "c++", "-std=c++17", *STRICT]
    yield f"C++14 by clang for {isa.name}", clangxx + [*WARNINGS, "c++", "-std=c++14"]


def runtime_modes(board, libc, own):
    """[(name, command)] for the headers of the runtime, one for each interrupt controller."""
    isa = isa_of(board)
    layers = [name for name in ("lib", "irq", "mm", "core", "drivers", "posix")
              if os.path.isdir(os.path.join(ROOT, name, "include"))]
    include = [word for name in layers for word in ("-I", f"{ROOT}/{name}/include")]
    for name, definitions in CONTROLLERS[board].items():
        for smp in ("0", "1"):
            yield (f"C11 with {name}, SMP={smp}",
                   [isa.tool("gcc"), *GCC_OPTIONS, *libc, *own, "-I", f"{ROOT}/include", "-I",
                    f"{ROOT}/arch/{isa.name}/include", "-I", f"{ROOT}/irq/{name}", *include,
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


def jobs(board, libc, own):
    """(header, mode, command) of everything that is to be tried for a board's ISA."""
    public = [name for name in names_below("include") if name.startswith("kiln")]
    public += names_below("posix/include")
    for name in public:
        for mode, command in modes(board, libc, own):
            yield name, mode, command
    runtime = [name for name in names_below("include") if name not in public]
    for layer in ("lib", "irq", "mm", "core", "drivers"):
        runtime += names_below(f"{layer}/include")
    runtime += [name for name in names_below(f"arch/{isa_of(board).name}/include")
                if not name.startswith("isa/")]
    for name in runtime:
        for mode, command in runtime_modes(board, libc, own):
            yield name, mode, command


def main():
    writer = Writer()
    system = {board: system_headers(board) for board in CONTROLLERS}
    work = [job for board, options in system.items() for job in jobs(board, *options)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda job: compile_alone(job[2], job[0]), work))
    for name in dict.fromkeys(job[0] for job in work):
        report(writer, [f"{job[1]}: {text}" for job, text in zip(work, said)
                        if job[0] == name and text], f"<{name}> compiles alone")
    bad = "static inline size_t f(void *p) { int *q = p; return *q; }\n"
    with planted({"kiln/bad.h": bad}) as at:
        every_mode = [each for board, options in system.items() for each in modes(board, *options)]
        for mode, command in every_mode:
            writer.point(compile_alone(command + ["-I", at], "kiln/bad.h"),
                         f"{mode} refuses a header that does not stand alone")
    finish(writer)


main()
