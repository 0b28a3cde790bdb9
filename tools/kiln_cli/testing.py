"""./kiln test: sets up, builds and runs every test through ctest, and counts what passed."""

import contextlib
import glob
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree

from . import (apps, bench, boards, building, configuration, installing, packages, qemu, tap,
               target_tests)
from .children import Child
from .failure import BUILD_FAILED, Failure
from .places import BuildFolder, in_root
from .report import say, say_command
from .slowest import Times

FAILED = 1
TEST_SECONDS = 900
LONG_TEST_SECONDS = 6 * 3600
# In the environment of all that runs: whether long tests are wanted.
LONG_TESTS = "KILN_LONG_TESTS"
# What is measured in seconds wants the machine for itself.
MEASURES_TIME = "boot.speed"
LONG = 100
# Which tests link with a C library that has to be built first: an ISA's own, or newlib instead.
WANTS_OWN = r": (target\.({boards})|boot|bench|faults|checks)\."
WANTS_NEWLIB = re.compile(r": (target\.\S+\.newlib$|checks\.builds_)", re.MULTILINE)
# ctest cuts longer outputs, whose points would then not be counted.
OUTPUT_BYTES = "4000000"


def run(chosen):
    """0 when everything passed, 1 when something failed; the summary is the last line."""
    began = time.monotonic()
    if chosen.board:
        boards.load(chosen.board)
    every_board = [boards.load(name) for name in boards.names()]
    installing.ensure(packages.test_needs(every_board), verbose=chosen.verbose)
    for board in every_board:
        qemu.ensure(board, chosen.verbose)
    build_folder = BuildFolder(chosen.build_dir)
    tree = os.path.join(build_folder.path, "tests")
    os.environ["KILN_BUILD_DIR"] = build_folder.path
    os.environ.pop("MAKEFLAGS", None)
    os.environ[target_tests.WHOLE_RUN] = f"{os.getpid()}.{time.time_ns()}"
    if chosen.long:
        os.environ[LONG_TESTS] = "1"
    share_compilations(build_folder)
    keep_bytecode(build_folder)
    if not succeeds(["cmake", "-G", "Ninja", "-S", in_root("tests"), "-B", tree,
                     f"-DKILN_PYTHON={sys.executable}"], chosen.verbose):
        raise Failure("the tests could not be configured", BUILD_FAILED)
    libraries = wanted_libraries(every_board, listed_tests(tree, chosen))
    built = build_programs(tree, libraries, chosen.verbose)
    shutil.rmtree(os.path.join(tree, "qemu-logs"), ignore_errors=True)
    compare_commands()
    passed, failed, times = run_ctest(tree, chosen)
    if not built:
        say("not every program of the tests could be built: see above")
        failed += 1
    times.tell(time.monotonic() - began)
    print(f"{passed} passed, {failed} failed", flush=True)
    return FAILED if failed else 0


def share_compilations(build_folder):
    """
    Many tests compile the same sources, in other folders or with options that change few of them:
    what the preprocessor makes alike is compiled once.
    """
    os.environ.setdefault("CCACHE_DIR", os.path.join(build_folder.path, "ccache"))
    os.environ["CCACHE_NOHASHDIR"] = "1"
    for language in ("C", "CXX"):
        os.environ.setdefault(f"CMAKE_{language}_COMPILER_LAUNCHER",
                              packages.find_program("ccache"))


def compare_commands():
    """
    The sources of images, other than those of the tests' own programs, are told few options that
    they do not read (cmake/runtime/readers.cmake): commands are compared, which is faster.
    """
    os.environ["CCACHE_DEPEND"] = "1"


def keep_bytecode(build_folder):
    """A thousand tests start Python: what it compiles is kept, whatever the user's own wish."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = os.path.join(build_folder.path, "tests", "python")


def succeeds(command, verbose):
    """Whether a step of building the native part worked; what it says is shown if not."""
    status, output = building.run_quietly(command, verbose)
    if status != 0:
        building.show(output)
    return status == 0


def selection(chosen):
    """ctest's options for the tests that the user wants."""
    words = ["-R", chosen.pattern] if chosen.pattern else []
    return words + (["-L", f"^{re.escape(chosen.board)}$"] if chosen.board else [])


def wanted_libraries(every_board, listed):
    """[(board, libc)]: C libraries that take long to build, one for each ISA."""
    wanted = []
    for isa in {board.isa.name: board.isa for board in every_board}.values():
        names = [board.name for board in every_board if board.isa.name == isa.name]
        if packages.is_built(isa.libc):
            if re.search(WANTS_OWN.format(boards="|".join(names)), listed):
                wanted.append((names[0], isa.libc))
        elif WANTS_NEWLIB.search(listed):
            wanted.append((names[0], "newlib"))
    return wanted


def build_library(board, libc):
    """With a hello above it, for which the library is made."""
    options = configuration.choose([], checks=True, smp=1)
    app = apps.find(apps.DEFAULT)
    request = building.Request(app, boards.load(board), options, BuildFolder(), libc=libc,
                               tree_name=f"test-{app.name}+{libc}")
    building.build(request).lock.release()


def build_programs(tree, libraries, verbose):
    """
    Whether the tests' own programs could be built. Libraries are built beside them, before tests
    that have time limits: much of that work keeps a single CPU busy.
    """
    with contextlib.ExitStack() as beside:
        builders = [beside.enter_context(
            Child([sys.executable, in_root("tools", "build_library.py"), *each],
                  stdin=subprocess.DEVNULL)) for each in libraries]
        built = succeeds(["cmake", "--build", tree, "--", "-k", "0"], verbose)
        if any([builder.wait() for builder in builders]):
            raise Failure("a C library could not be built: see above", BUILD_FAILED)
    return built


def listed_tests(tree, chosen):
    """What ctest says of the tests that are selected; a Failure when there are none."""
    listed = subprocess.run(["ctest", "--test-dir", tree, "-N", *selection(chosen)],
                            capture_output=True, text=True, check=False)
    if "Total Tests: 0" in listed.stdout:
        raise Failure("no test has such a name")
    if listed.returncode != 0:
        raise Failure(f"ctest does not take this pattern: {listed.stderr.strip()}")
    return listed.stdout


def run_ctest(tree, chosen):
    """(passed, failed, Times)"""
    results = os.path.join(tree, "results.xml")
    if os.path.exists(results):
        os.remove(results)
    command = ["ctest", "--test-dir", tree, "--output-on-failure", "--no-tests=error",
               "--output-junit", results, "--timeout",
               str(LONG_TEST_SECONDS if chosen.long else TEST_SECONDS),
               "--test-output-size-passed", OUTPUT_BYTES,
               "--test-output-size-failed", OUTPUT_BYTES, "-j", str(max(2, os.cpu_count() or 2))]
    command += selection(chosen)
    say_command(command, chosen.verbose)
    with Child(command, stdin=subprocess.DEVNULL) as process:
        status = process.wait()
    passed, failed, times = count(results) if os.path.exists(results) else (0, 0, Times())
    if status != 0 and failed == 0:
        say(f"ctest ended with status {status}")
        failed = 1
    return passed, failed, times


def count(results):
    """(passed, failed, Times) of ctest's report; a test that prints TAP counts by its points."""
    passed = failed = 0
    times = Times()
    for case in xml.etree.ElementTree.parse(results).iter("testcase"):
        output = case.findtext("system-out") or ""
        times.add(case.get("name"), float(case.get("time") or 0), output)
        report = tap.Report(output)
        good = case.get("status") == "run"
        passed += report.passed if report.points() else int(good)
        failed += report.failed
        if not good and not report.failed:
            failed += 1
    return passed, failed, times


def write_list(path):
    """The add_test() calls for what is found by looking: images, the command line, checks."""
    names = list(drivers())
    lines = [line for each in drivers().items() for line in add_driver(*each)]
    used_boards = []
    for each in target_tests.wanted_runs(bool(os.environ.get(LONG_TESTS))):
        lines += add_test(each.name, ["tools/run_target_test.py", each.name], each.board)
        names.append(each.name)
        used_boards.append(each.board)
    for board in sorted(set(used_boards)):
        name = f"target.{board}.qemu-log-entries"
        lines += add_test(name, ["tools/run_target_test.py", "--log-entries", board], board)
        # ctest starts what others depend on before the rest: here all, so that costs decide.
        lines.append(f'set_tests_properties({name} PROPERTIES DEPENDS "{";".join(names)}")')
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def drivers():
    """{name: command} of the tests that are programs of their own."""
    found = {f"bench.{group}": ["kiln", "bench", group] for group in bench.groups()}
    for runtime in ("one_cpu", "cpus", "checkers"):
        found[f"faults.{runtime}"] = ["tests/faults/run.py", runtime]
    for file in sorted(glob.glob(in_root("tests", "boot", "test_*.py"))):
        stem = os.path.splitext(os.path.basename(file))[0]
        found["boot." + stem[len("test_"):]] = ["tests/boot/run.py", stem]
    for file in sorted(glob.glob(in_root("tools", "checks", "[!_]*.py"))):
        name = "checks." + os.path.splitext(os.path.basename(file))[0]
        found[name] = [os.path.relpath(file, in_root())]
    return found


def add_driver(name, command):
    """They are long: ctest starts them first, so that the last one has company."""
    yield from add_test(name, command)
    wanted = "RUN_SERIAL TRUE" if name == MEASURES_TIME else f"COST {LONG}"
    yield f"set_tests_properties({name} PROPERTIES {wanted})"


def add_test(name, command, label=None):
    program = [in_root("tools", "timed.py"), in_root(command[0])]
    words = " ".join(f"[==[{word}]==]" for word in program + command[1:])
    yield f'add_test(NAME "{name}" COMMAND "${{KILN_PYTHON}}" -S {words})'
    if label:
        yield f'set_tests_properties("{name}" PROPERTIES LABELS "{label}")'
