"""./kiln test: sets up, builds and runs every test through ctest, and counts what passed."""

import glob
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree

from . import (apps, bench, boards, building, configuration, installing, packages, qemu, tap,
               target_tests)
from .children import Child
from .failure import BUILD_FAILED, Failure
from .places import BuildFolder, in_root
from .report import say, say_command

FAILED = 1
TEST_SECONDS = 900
LONG_TEST_SECONDS = 6 * 3600
# What is measured in seconds wants the machine for itself.
MEASURES_TIME = "boot.speed"
LONG = 100
WANTS_LIBRARIES = re.compile(r": (target|boot|bench|checks)\.")
# ctest cuts longer outputs, whose points would then not be counted.
OUTPUT_BYTES = "4000000"


def run(chosen):
    """0 when everything passed, 1 when something failed; the summary is the last line."""
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
    if chosen.long:
        os.environ["KILN_LONG_TESTS"] = "1"
    share_compilations(build_folder)
    if not succeeds(["cmake", "-G", "Ninja", "-S", in_root("tests"), "-B", tree,
                     f"-DKILN_PYTHON={sys.executable}"], chosen.verbose):
        raise Failure("the tests could not be configured", BUILD_FAILED)
    if WANTS_LIBRARIES.search(listed_tests(tree, chosen)):
        build_libraries(every_board, build_folder, chosen.verbose)
    built = succeeds(["cmake", "--build", tree, "--", "-k", "0"], chosen.verbose)
    shutil.rmtree(os.path.join(tree, "qemu-logs"), ignore_errors=True)
    passed, failed = run_ctest(tree, chosen)
    if not built:
        say("not every program of the tests could be built: see above")
        failed += 1
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


def build_libraries(every_board, build_folder, verbose):
    """C libraries that take long to build, once and before tests that have time limits."""
    for board in {board.isa.name: board for board in every_board}.values():
        if packages.is_built(board.isa.libc):
            options = configuration.choose([], checks=True, smp=1)
            request = building.Request(apps.find(apps.DEFAULT), board, options, build_folder,
                                       verbose=verbose)
            building.build(request).lock.release()


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
    """(passed, failed)"""
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
    passed, failed = count(results) if os.path.exists(results) else (0, 0)
    if status != 0 and failed == 0:
        say(f"ctest ended with status {status}")
        failed = 1
    return passed, failed


def count(results):
    """(passed, failed) of ctest's report; a test that prints TAP counts by its points."""
    passed = failed = 0
    for case in xml.etree.ElementTree.parse(results).iter("testcase"):
        report = tap.Report(case.findtext("system-out") or "")
        good = case.get("status") == "run"
        passed += report.passed if report.points() else int(good)
        failed += report.failed
        if not good and not report.failed:
            failed += 1
    return passed, failed


def write_list(path):
    """The add_test() calls for what is found by looking: images, the command line, checks."""
    names = list(drivers())
    lines = [line for each in drivers().items() for line in add_driver(*each)]
    used_boards = []
    for each in target_tests.runs():
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
    found["faults.target"] = ["tests/faults/run.py"]
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
    words = " ".join(f"[==[{word}]==]" for word in [in_root(command[0])] + command[1:])
    yield f'add_test(NAME "{name}" COMMAND "${{KILN_PYTHON}}" {words})'
    if label:
        yield f'set_tests_properties("{name}" PROPERTIES LABELS "{label}")'
