#!/usr/bin/python3
"""Walks the ways out of memory of the images of tests/target: RUNTIME [IMAGE...]. Prints TAP.

Each image that allocates runs once to count its allocations, then again for each of them, which
then fails: in an ordinary run the first one of each path through the runtime (the backtrace up to
the program's own functions) by which no image before has come, with KILN_LONG_TESTS=1 of each
backtrace, every one of the first hundreds, too, and hundreds of the others. In an ordinary run
images share runtimes, which have what each of them asks for, and more. Whatever the program does
then is right, but for a panic that does not say that memory is used up, a hang, and pages that do
not balance.
"""

import glob
import itertools
import os
import re
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools"))

from kiln_cli import (boards, capture, children, image_project,  # noqa: E402  (path above)
                      qemu, tap, target_tests)
from kiln_cli.elf import Elf64  # noqa: E402
from kiln_cli.places import BuildFolder  # noqa: E402

BOARD = "virt-aarch64"
CONFIG = {"CHECKS": "1", "FAULT_INJECTION": "1"}
# What images are built with in an ordinary run, the first that has all that the image asks for: a
# runtime takes longer to build than many images to walk. Other tests build the second one too.
RUNTIMES = {
    "one_cpu": {},
    "cpus": {"DMA_STATS": "1", "HEAP_PROFILE": "1", "SMP": "1"},
    "checkers": {"CHECK_LEAKS": "1", "CHECK_MEMORY": "1", "PRINTF_FLOAT": "0", "SMP": "1"},
}
# Little memory is used up soon, where a test does not need more.
MEMORY = "mem=16M"
# How many allocations of an image fail in a long run, beside the first of each path: one makes
# ninety thousand, nearly all of them by one path after the other in a loop.
LONG_MOST = 400
SECONDS = 120
PANICKED = 134
# What runs with an allocation failing: this is what the image tells at its end.
COUNTS = re.compile(r"^kiln: (\d+) allocations, (\d+) failed on demand$", re.MULTILINE)
PATH = re.compile(r"^kiln: allocation (\d+) comes from (.+)$", re.MULTILINE)
# The panics of a program that could not say more: docs/errors.md has them.
NO_MEMORY = re.compile(r"^kiln: panic: (out of memory on demand: |operator new: no memory )",
                       re.MULTILINE)
UNBALANCED = re.compile(r"^not ok .* balances .*", re.MULTILINE)


class Image(image_project.Image):
    """One image with fault injection."""

    def __init__(self, run, tree, request):
        super().__init__(run, {**config_of(run), **CONFIG}, tree, request)
        self.words = words_of(run) + [MEMORY]

    def allocates(self):
        try:
            return bool(Elf64(self.elf).symbol("fault_count"))
        except KeyError:
            return False

    def start(self, failing=None):
        run = self.run
        words = self.words + ([f"fail={failing}"] if failing else [])
        options = qemu.RunOptions(run.get("arguments", []), run.get("smp"), own_words=words)
        return capture.run(self, options, SECONDS, run.input_bytes(), run.get("host", "pipe"))


def words_of(run):
    return [word for word in run.get("own_words", []) if not word.startswith("mem=")]


def is_long():
    return bool(os.environ.get("KILN_LONG_TESTS"))


def own_config(run):
    smp = {"SMP": "1"} if run.get("smp", 1) > 1 else {}
    return {**{name: str(value) for name, value in run.get("config", {}).items()}, **smp}


def runtime_of(run):
    asked = own_config(run).items()
    for name, config in RUNTIMES.items():
        if asked <= config.items():
            return name
    raise SystemExit(f"tests/faults: no runtime has what {run.image} asks for, {dict(asked)}")


def config_of(run):
    return own_config(run) if is_long() else RUNTIMES[runtime_of(run)]


def is_usable(facts):
    """A run that should succeed, not on Pis alone or another ISA, that injects nothing itself."""
    return (facts.get("isa", "aarch64") == "aarch64" and facts.get("status", 0) == 0
            and {BOARD, "pc"} & set(facts.get("boards", [BOARD]))
            and not {"machine", "machine_arguments", "app", "libc"} & set(facts)
            and "FAULT_INJECTION" not in facts.get("config", {}))


def runs(runtime, wanted):
    """The first usable run of each image for the runtime, on this board if there is one."""
    for image, path in target_tests.images().items():
        usable = sorted((facts for facts in target_tests.facts_of(image, path)
                         if is_usable(facts)),
                        key=lambda facts: BOARD not in facts.get("boards", [BOARD]))
        if path and usable and not image.endswith("_x86_64") and (not wanted or image in wanted):
            run = target_tests.Run(image, BOARD, usable[0], path)
            if runtime_of(run) == runtime:
                yield run


def own_functions(image):
    """The names of the program's functions, whose callers differ from image to image."""
    objects = glob.glob(os.path.join(image.tree, "**", f"{image.name}.dir", "**", "*.obj"),
                        recursive=True)
    return set().union(*(Elf64(path).functions() for path in objects))


def through_runtime(callers, own):
    """What of a backtrace is the runtime's."""
    return tuple(itertools.takewhile(lambda caller: caller.split("+")[0] not in own, callers))


def numbers(image, text, walked):
    """Which allocations are to fail; the paths through the runtime become walked ones."""
    paths = {int(path.group(1)): path.group(2).split() for path in PATH.finditer(text)}
    if is_long():
        return sorted({*paths, *spread(int(COUNTS.search(text).group(1)))})
    own = own_functions(image)
    chosen = []
    for number in sorted(paths):
        path = through_runtime(paths[number], own)
        if path not in walked:
            chosen.append(number)
        walked.add(path)
    return chosen


def spread(count):
    """Of so many allocations all, or the first ones and as many throughout the rest."""
    if count <= LONG_MOST:
        return range(1, count + 1)
    first = LONG_MOST // 2
    rest = [first + (count - first) * (i + 1) // first for i in range(first)]
    return [*range(1, first + 1), *rest]


def problem(image, result):
    """What is wrong with a run whose allocation failed, or None."""
    text = result.text()
    counts = COUNTS.search(text)
    if result.timed_out:
        return "it hangs"
    if result.status == PANICKED and not NO_MEMORY.search(text):
        return "it panics"
    if not counts:
        return f"it ends with status {result.status} in the midst of something"
    if counts.group(2) == "0" and image.run.get("smp", 1) == 1:
        return "no allocation failed"
    unbalanced = UNBALANCED.search(text)
    return unbalanced and f"pages are lost: {unbalanced.group()}"


def start_whole(image):
    """A run in which nothing fails, with as little memory as it can do with."""
    first = image.start()
    if first.status != 0:
        image.words = image.run.get("own_words", [])
        first = image.start()
    return first


def walk(image, walked, writer):
    first = start_whole(image)
    counts = COUNTS.search(first.text())
    if first.status != 0 or not counts:
        writer.point(False, f"{image.name} can be counted", first.text())
        return
    chosen = numbers(image, first.text(), walked)
    if not chosen:
        return
    bad = []
    for number in chosen:
        result = image.start(number)
        wrong = problem(image, result)
        if wrong:
            bad.append(f"allocation {number}: {wrong}\n{result.text()}")
    writer.point(not bad, f"{image.name}: {len(chosen)} of {counts.group(1)} allocations fail",
                 "\n".join(bad))


def main(runtime, *wanted):
    children.stop_on_signals()
    writer = tap.Writer()
    folder = BuildFolder()
    request = image_project.request_for(boards.load(BOARD), CONFIG, folder)
    chosen = list(runs(runtime, wanted))
    tree = image_project.build({run: config_of(run) for run in chosen}, request,
                               os.path.join(folder.path, "tests", "faults", runtime))
    writer.point(tree, "the images can be built")
    images = [Image(run, tree, request) for run in chosen] if tree else []
    allocating = [image for image in images if image.allocates()]
    writer.point(allocating or not tree, "some allocate")
    walked = set()
    for image in allocating:
        walk(image, walked, writer)
    writer.plan()
    return 1 if writer.failures else 0


sys.exit(main(*sys.argv[1:]))
