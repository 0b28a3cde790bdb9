"""
Builds apps/hello with kinds of runtime for one board by one compiler, all warnings being errors:
what builds_COMPILER_BOARD.py do, apart so that they run beside each other. With KILN_LONG_TESTS=1
there are more kinds.
"""

import glob
import os
import re

from _support import BOARDS, ROOT, Writer, build_root, finish, isa_of, planted, run

COMPILERS = ("gcc", "clang")
KINDS = {"pc": 3, "raspi3": 2, "raspi4": 2, "virt-aarch64": 3}
MORE_KINDS = {"pc": 3, "raspi3": 4, "raspi4": 3, "virt-aarch64": 3}
IS_LONG = bool(os.environ.get("KILN_LONG_TESTS"))
# One of each ISA, whose images by clang run.
RUN_BOARDS = ("pc", "virt-aarch64")
SHOWN_LINES = 60
# What says nothing when a build fails: progress.
PROGRESS = re.compile(r"\[[0-9]+/[0-9]+\] |-- |ninja: ")


def configure(board, toolchain, source, tree):
    """(status, output)"""
    os.makedirs(tree, exist_ok=True)
    return run(["cmake", "-G", "Ninja", "-S", source, "-B", tree,
                f"-DCMAKE_TOOLCHAIN_FILE={isa_of(board).toolchain_file()}",
                f"-DKILN_TOOLCHAIN={toolchain}",
                f"-DKiln_DIR={ROOT}/cmake", f"-DKILN_BUILD_DIR={build_root()}",
                f"-DKILN_BOARD={board}", f"-DKILN_LONG={int(IS_LONG)}"])


def build(tree, *words):
    """(status, what the tools said); runtimes one after the other."""
    status, output = run(["cmake", "--build", tree, "--parallel", "1", "--", "-k", "0", *words])
    said = [line for line in output.splitlines() if not PROGRESS.match(line)]
    return status, "\n".join(said[:SHOWN_LINES])


def check_builds(writer, board, toolchain):
    tree = os.path.join(build_root(), "checks", "builds", f"{board}-{toolchain.strip('-')}")
    source = os.path.join(ROOT, "tools", "checks", "builds")
    for path in glob.glob(os.path.join(tree, "*.elf")):
        os.remove(path)
    status, output = configure(board, toolchain, source, tree)
    if status == 0:
        status, output = build(tree)
    names = [os.path.basename(path)[:-4] for path in glob.glob(os.path.join(tree, "*.elf"))]
    kinds = KINDS[board] + (MORE_KINDS[board] if IS_LONG else 0)
    writer.point(status == 0, f"{board} by {toolchain}: {', '.join(sorted(names))}",
                 "" if status == 0 else output)
    writer.point(len(names) == kinds, f"{board}: {kinds} kinds of runtime",
                 f"there are {len(names)}")
    warnings = re.findall(r"^.*\bwarning: .*$", output, re.MULTILINE)
    writer.point(not warnings, f"{board} by {toolchain}: no warning", "\n".join(warnings))


def check_refusal(writer, board, toolchain):
    """A warning must end a build."""
    texts = {"CMakeLists.txt": "cmake_minimum_required(VERSION 3.20)\nproject(bad C)\n"
                               "add_library(bad STATIC bad.c)\n"
                               "target_compile_options(bad PRIVATE -Wall -Wextra -Werror)\n",
             "bad.c": "int f(unsigned x)\n{\n    int unused;\n    return x < 0;\n}\n"}
    with planted(texts) as folder:
        tree = os.path.join(folder, "build")
        configure(board, toolchain, folder, tree)
        status, output = build(tree)
        writer.point(status != 0 and "unused" in output, f"{toolchain} refuses what warns", output)


HELLO_CPP = """
#include <stdio.h>
#include <kiln.h>
struct Board {
    const char *name = kiln_board_name();
};
int main()
{
    Board *board = new Board;
    printf("C++ on %s\\n", board->name);
    delete board;
}
"""


def check_run(writer, app, board, toolchain, expected):
    status, output = run([os.path.join(ROOT, "kiln"), "run", app, "--toolchain", toolchain,
                          "--config", "UBSAN=1", "--smp", "2", "-b", board, "--timeout", "20"])
    writer.point(status == 0 and expected in output,
                 f"{os.path.basename(app)} by {toolchain}, with UBSAN=1 and SMP=1, runs on {board}",
                 output)


def check_runs(writer, board, toolchain):
    """What clang builds, undefined behaviour trapping, runs; gcc's does in all other tests."""
    check_run(writer, "hello", board, toolchain, f"Hello from Kiln on {board}!")
    with planted({"planted.cpp": HELLO_CPP}) as folder:
        check_run(writer, os.path.join(folder, "planted.cpp"), board, toolchain, f"C++ on {board}")


def check_all_are_here(writer):
    here = os.path.dirname(os.path.realpath(__file__))
    missing = [name for board in BOARDS for compiler in COMPILERS
               for name in [f"builds_{compiler}_{board}.py"]
               if not os.path.exists(os.path.join(here, name))]
    writer.point(not missing, "each board has such a check for each compiler", " ".join(missing))


def main(compiler, board):
    writer = Writer()
    toolchain = isa_of(board).prefix if compiler == "gcc" else compiler
    check_builds(writer, board, toolchain)
    check_refusal(writer, board, toolchain)
    if compiler == "clang" and (IS_LONG or board in RUN_BOARDS):
        check_runs(writer, board, toolchain)
    check_all_are_here(writer)
    finish(writer)
