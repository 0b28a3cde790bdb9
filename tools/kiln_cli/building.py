"""Configures and builds one app for one board by ordinary CMake."""

import glob
import json
import os
import re
import shutil
import subprocess
import sys

from . import configuration as options
from . import apps, installing, packages
from .children import Child
from .failure import BUILD_FAILED, Failure
from .locks import Lock
from .places import in_root
from .report import say, say_command

STAMP = "kiln-stamp.json"
APP_LIST = "kiln-apps.txt"
NINJA_STATUS = re.compile(r"\[[0-9]+/[0-9]+\] |ninja: |-- |\s*$")
# The step that looks whether the runtime is up to date runs each time and builds nothing itself.
NINJA_WORK = re.compile(r"\[[1-9][0-9]*/[0-9]+\] (?!Kiln's runtime for )")
# What takes long within a step is told at once: the building of a C library.
SAID_BY_A_STEP = "kiln: building "


class Request:
    """What to build, and how."""

    def __init__(self, app, board, configuration, build_folder, toolchain=None, verbose=False,
                 tree_name=None, libc=None):
        self.app = app
        self.board = board
        self.configuration = configuration
        self.build_folder = build_folder
        self.toolchain = toolchain
        self.libc = libc
        self.verbose = verbose
        self.tree_name = tree_name or app.name
        self.tree = build_folder.of_app(board, self.tree_name)

    def source_folder(self):
        return self.app.folder or os.path.join(self.tree, "project")

    def cache_entries(self):
        """What CMake is told; a change of any of it configures again."""
        entries = {
            "CMAKE_TOOLCHAIN_FILE": self.board.isa.toolchain_file(),
            "CMAKE_EXPORT_COMPILE_COMMANDS": "ON",
            "Kiln_DIR": in_root("cmake"),
            "KILN_BUILD_DIR": self.build_folder.path,
            "KILN_BOARD": self.board.name,
            "KILN_CONFIG": options.as_cmake_list(self.configuration),
        }
        if self.toolchain:
            entries["KILN_TOOLCHAIN"] = self.toolchain
        if self.libc:
            entries["KILN_LIBC"] = self.libc
        return entries

    def needs(self):
        """Tools that have to be there."""
        isa, libc = self.board.isa, self.libc or self.board.isa.libc
        compiler = () if self.toolchain else (isa.tool("gcc"),)
        if self.toolchain == "clang":
            compiler = ("clang", "ld.lld") + ((isa.tool("gcc"),) if libc == "newlib" else ())
        cpp = (isa.tool("g++"),) if self.app.is_cpp() and not self.toolchain else ()
        return packages.BUILD + packages.LIBCS[libc] + compiler + cpp


class Built:
    """The result: paths of what was built, its effective options, and the lock that guards them."""

    def __init__(self, request, name, lock):
        self.request = request
        self.name = name
        self.tree = request.tree
        self.elf = os.path.join(self.tree, f"{name}.elf")
        self.image = os.path.join(self.tree, request.board.kernel)
        self.lock = lock
        self.configuration = effective_configuration(request, name)

    def addr2line(self):
        """A program that knows the ELF's line numbers; any binutils with the ISA in it does."""
        isa = self.request.board.isa
        prefix = gcc_prefix(self.request.toolchain) or isa.prefix
        names = (f"{prefix}addr2line", isa.tool("addr2line"), "llvm-addr2line")
        return next(filter(packages.find_program, names), "addr2line")


def effective_configuration(request, name):
    """The board's defaults, then what the app's CMakeLists.txt sets, then the command line."""
    chosen = dict(request.board.config)
    path = os.path.join(request.tree, f"{name}.config")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            chosen.update(line.strip().split("=", 1) for line in file if "=" in line)
    chosen.update(request.configuration)
    return chosen


def build(request):
    """Builds and returns a Built, whose lock the caller releases when it has read the files."""
    check_toolchain(request)
    installing.ensure(request.needs(), verbose=request.verbose)
    board_folder = request.build_folder.of_board(request.board)
    lock = Lock(os.path.join(board_folder, f".{request.tree_name}.lock"))
    try:
        told = configure_if_needed(request)
        run_build(request, told)
        return Built(request, only_app(request), lock)
    except BaseException:
        lock.release()
        raise


def gcc_prefix(toolchain):
    """The prefix of gcc's tools, or None when the toolchain is not gcc."""
    if toolchain in (None, "clang"):
        return None
    return "" if toolchain == "native" else toolchain


def check_toolchain(request):
    prefix = gcc_prefix(request.toolchain)
    if prefix is not None and not packages.find_program(f"{prefix}gcc"):
        raise Failure(f"no compiler {prefix}gcc on PATH (--toolchain wants a prefix such as "
                      "aarch64-none-elf-, clang, or native)", BUILD_FAILED)


def wanted_stamp(request):
    return {"tree": request.tree, "source": request.app.origin(), "cache": request.cache_entries()}


def read_stamp(tree):
    try:
        with open(os.path.join(tree, STAMP), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def is_configured(request):
    return read_stamp(request.tree) == wanted_stamp(request)


def configure_if_needed(request):
    """Returns whether it had to, in which case the user has been told."""
    if is_configured(request):
        return False
    wanted = wanted_stamp(request)
    say(f"building {request.app.name} for {request.board.name}")
    forget_moved_trees(request)
    forget_tree_of_another(request, wanted)
    os.makedirs(request.tree, exist_ok=True)
    if request.app.file:
        write_project(request)
    command = ["cmake", "-G", "Ninja", "-S", request.source_folder(), "-B", request.tree]
    command += [f"-D{name}={value}" for name, value in request.cache_entries().items()]
    status, output = run_quietly(command, request.verbose)
    if status != 0:
        show(output)
        shutil.rmtree(request.tree, ignore_errors=True)
        raise Failure(f"cmake could not configure {request.app.name} for {request.board.name}",
                      BUILD_FAILED)
    only_app(request)
    with open(os.path.join(request.tree, STAMP), "w", encoding="utf-8") as file:
        json.dump(wanted, file, indent=1)
    return True


def forget_moved_trees(request):
    """CMake's trees hold absolute paths: a tree that was moved, or whose Kiln was, starts anew."""
    for cache in glob.glob(os.path.join(request.build_folder.of_board(request.board), "*",
                                        "CMakeCache.txt")):
        try:
            with open(cache, encoding="utf-8", errors="replace") as file:
                text = file.read()
        except OSError:  # another command is making this tree right now
            continue
        own = cache_entry(text, "CMAKE_CACHEFILE_DIR")
        source = cache_entry(text, "CMAKE_HOME_DIRECTORY") or ""
        moved = own and own != os.path.dirname(cache)
        if moved or source.endswith("/cmake/runtime") and source != in_root("cmake", "runtime"):
            shutil.rmtree(os.path.dirname(cache))


def cache_entry(text, name):
    """What CMake's cache says of itself, or None; a pattern would take ten times as long."""
    start = text.find(f"\n{name}:INTERNAL=")
    return text[start:].split("\n", 2)[1].partition("=")[2] if start >= 0 else None


def forget_tree_of_another(request, wanted):
    """CMake's cache cannot change its source folder or compiler: start it anew."""
    stamp = read_stamp(request.tree) or {"source": None, "cache": {}}
    fixed = ("CMAKE_TOOLCHAIN_FILE", "KILN_TOOLCHAIN", "KILN_LIBC", "Kiln_DIR")
    same = stamp["source"] == wanted["source"] and all(
        stamp["cache"].get(key) == wanted["cache"].get(key) for key in fixed)
    if os.path.isdir(request.tree) and not same:
        shutil.rmtree(request.tree)
    elif os.path.exists(os.path.join(request.tree, STAMP)):
        os.remove(os.path.join(request.tree, STAMP))


def write_project(request):
    os.makedirs(request.source_folder(), exist_ok=True)
    path = os.path.join(request.source_folder(), "CMakeLists.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write(apps.project_text(request.app))


def only_app(request):
    """The name of the one app that the folder's CMakeLists.txt makes."""
    path = os.path.join(request.tree, APP_LIST)
    found = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            found = file.read().split()
    if len(found) == 1:
        return found[0]
    where = request.app.origin()
    if not found:
        raise Failure(f"{where} has no app: its CMakeLists.txt does not call kiln_app()")
    raise Failure(f"{where} has {len(found)} apps: {', '.join(sorted(found))}; "
                  "give each a folder of its own")


def run_build(request, told):
    command = ["cmake", "--build", request.tree]
    title = None if told else f"building {request.app.name} for {request.board.name}"
    status, output = run_quietly(command, request.verbose, title)
    told_by_tools = without_ninja(output)
    show(told_by_tools)
    if status != 0:
        show("" if told_by_tools else output)
        raise Failure(f"{request.app.name} could not be built for {request.board.name}",
                      BUILD_FAILED)


def without_ninja(output):
    """What compiler and linker say: without ninja's progress, and the commands that failed."""
    kept, after_failed = [], False
    for line in output.splitlines(True):
        failed = line.startswith("FAILED: ")
        if not (failed or after_failed or NINJA_STATUS.match(line)):
            kept.append(line)
        after_failed = failed
    return "".join(kept)


def run_quietly(command, verbose, title=None):
    """
    (status, output). With verbose the output is shown as it comes and '' is returned; otherwise
    the title is said as soon as there is something to do.
    """
    say_command(command, verbose)
    lines = []
    with Child(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
               stderr=subprocess.STDOUT, text=True, errors="replace") as process:
        for line in process.stdout:
            if verbose or line.startswith(SAID_BY_A_STEP):
                show(line)
                continue
            if title and NINJA_WORK.match(line):
                say(title)
                title = None
            lines.append(line)
        return process.wait(), "".join(lines)


def show(text):
    sys.stderr.write(text)
    sys.stderr.flush()
