"""The words of the command line."""

import argparse
import re

from . import boards
from .apps import DEFAULT as DEFAULT_APP


def split_at_dashes(words):
    """(words before the first `--`, words after it or None)."""
    if "--" not in words:
        return words, None
    at = words.index("--")
    return words[:at], words[at + 1:]


def positive(text):
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("has to be more than 0")
    return value


def cpu_count(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("has to be at least 1")
    return value


def port(text):
    value = int(text)
    if not 1 <= value <= 65535:
        raise argparse.ArgumentTypeError("has to be 1 to 65535")
    return value


def function_name(text):
    if not re.fullmatch(r"[A-Za-z_$][A-Za-z0-9_$]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no function's name")
    return text


for conversion, title in ((positive, "number"), (cpu_count, "number"), (port, "port")):
    conversion.__name__ = title


def parser():
    top = argparse.ArgumentParser(
        prog="./kiln", description="Kiln fires one C program into one bootable image.",
        epilog="Exit status: the program's own; 2 wrong usage, 3 it could not be built or started, "
               "124 timed out, 134 the program panicked. docs/command-line.md says more.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add_run(commands)
    add_build(commands)
    add_test(commands)
    add_bench(commands)
    add_debug(commands)
    add_machine_commands(commands)
    return top


def new_command(commands, name, what, **options):
    command = commands.add_parser(name, help=what, description=what, allow_abbrev=False, **options)
    command.add_argument("-v", "--verbose", action="store_true",
                         help="print every cmake and qemu command, and all that they say")
    command.add_argument("--build-dir", metavar="DIR",
                         help="instead of build/ (also KILN_BUILD_DIR in the environment)")
    return command


def add_board(command):
    command.add_argument("-b", "--board", default=boards.DEFAULT, metavar="BOARD",
                         help="default: %(default)s; ./kiln boards lists them")


def add_build_options(command, app_is_optional):
    command.add_argument("app", metavar="APP", nargs="?" if app_is_optional else None,
                         default=DEFAULT_APP,
                         help="a name under apps/, a folder with a CMakeLists.txt that calls "
                              "kiln_app(), or a single .c file"
                              + (f"; default: {DEFAULT_APP}" if app_is_optional else ""))
    add_board(command)
    command.add_argument("--config", action="append", default=[], metavar="NAME=VALUE",
                         help="an option of include/kiln/config.h; may be given again")
    command.add_argument("--check", action="append", default=[], metavar="WHAT",
                         help="find bugs while it runs: memory (wrong accesses), leaks, or "
                              "memory,leaks")
    kind = command.add_mutually_exclusive_group()
    kind.add_argument("--checks", dest="checks", action="store_true", default=None,
                      help="with assertions (default for run, build and test)")
    kind.add_argument("--release", dest="checks", action="store_false",
                      help="without assertions (default for bench and image)")
    command.add_argument("--libc", choices=("picolibc", "newlib"),
                         help="the C library, instead of the one that the app or the ISA chooses")
    command.add_argument("--toolchain", metavar="PREFIX",
                         help="prefix of the compiler's tools, such as aarch64-none-elf-, or clang")


def add_smp(command):
    command.add_argument("--smp", type=cpu_count, metavar="N", help="start N CPUs")


def add_run(commands):
    run = new_command(commands, "run", "build an app and run it in QEMU",
                      usage="./kiln run [APP] [-b BOARD] [options] [-- WORDS]",
                      epilog="WORDS after -- become the program's argv.")
    add_build_options(run, app_is_optional=True)
    run.add_argument("--machine", metavar="NAME",
                     help="another of QEMU's machines that the board is; ./kiln boards lists them")
    add_smp(run)
    run.add_argument("--suppress", type=function_name, action="append", default=[],
                     metavar="FUNCTION", help="with --check=leaks: nothing is said of blocks that "
                     "it, or what it calls, allocates; may be given again")
    run.add_argument("--show-reachable", action="store_true",
                     help="with --check=leaks: list blocks that are still reachable, too")
    run.add_argument("--timeout", type=positive, metavar="S", help="end it after S seconds")
    run.add_argument("--icount", action="store_true",
                     help="one instruction takes one virtual nanosecond, for measuring")
    run.add_argument("--debug", action="store_true",
                     help="wait for gdb before the first instruction (./kiln debug APP)")
    run.add_argument("--port", type=port, metavar="PORT", help="gdb's port, default 1234")
    run.add_argument("--log-guest-errors", metavar="FILE",
                     help="have QEMU write there what the image does wrong with the hardware")


def add_build(commands):
    build = new_command(commands, "build", "build an app")
    add_build_options(build, app_is_optional=False)
    image = new_command(commands, "image", "make the image of an SD card or a USB stick that "
                        "starts an app on a real board",
                        usage="./kiln image APP [-b BOARD] [options] [-- WORDS]",
                        epilog="WORDS after -- become the program's argv.")
    add_build_options(image, app_is_optional=False)
    add_smp(image)
    image.add_argument("--firmware", metavar="DIR",
                       help="folder with the Raspberry Pi's firmware files")


def add_test(commands):
    test = new_command(commands, "test", "run the tests")
    test.add_argument("pattern", nargs="?", metavar="PATTERN",
                      help="only tests whose name matches this regular expression")
    test.add_argument("-b", "--board", metavar="BOARD", help="only the tests of this board")
    test.add_argument("--long", action="store_true",
                      help="all variants, and hundreds of allocations fail, not just one of each "
                           "kind: for hours")


def add_bench(commands):
    bench = new_command(commands, "bench", "measure, and compare with the marks")
    bench.add_argument("group", nargs="?", metavar="GROUP", help="only these figures, such as boot")
    bench.add_argument("-b", "--board", metavar="BOARD", help="only the figures of this board")
    bench.add_argument("--accept", action="store_true",
                       help="record what was measured in tests/bench/recorded.json")


def add_debug(commands):
    debug = new_command(commands, "debug", "attach gdb to an app that `run --debug` started",
                        usage="./kiln debug [APP] [-b BOARD] [--port PORT] [-- WORDS FOR GDB]")
    debug.add_argument("app", metavar="APP", nargs="?", default=DEFAULT_APP)
    add_board(debug)
    debug.add_argument("--port", type=port, metavar="PORT", help="gdb's port, default 1234")


def add_machine_commands(commands):
    new = new_command(commands, "new", "make a folder with an app to start from")
    new.add_argument("folder", metavar="DIR")
    new_command(commands, "boards", "list the boards")
    setup = new_command(commands, "setup", "install what is missing on this machine")
    setup.add_argument("what", nargs="?", choices=("run", "test"), default="test",
                       help="what should work afterwards, default: test")
    setup.add_argument("-b", "--board", metavar="BOARD",
                       help="only what this board needs; default: for `run` raspi3, else all")
