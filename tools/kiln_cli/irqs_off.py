"""
The longest time with interrupts off, of all that the tests run on one CPU: what IRQS_OFF_TRACE=1
prints when a program ends, in instructions, since -icount says how many nanoseconds one takes. One
runtime serves all images; boot does not count, and panics end without telling.
"""

import collections
import os
import re

from . import boards, capture, configuration, image_project, qemu, target_tests
from .failure import BUILD_FAILED, Failure
from .places import in_root
from .report import say

RUN_SECONDS = 60
WORSE = 1
PANICKED = 134
STRETCH = re.compile(r"^kiln: cpu \d+: interrupts off for (\d+) ns, from (.*) to (.*?)\r?$",
                     re.MULTILINE)
ICOUNT_SHIFT = re.compile(r"shift=(\d+)")
# What makes no other runtime of a release: what is measured is the one that is shipped.
SAME_RUNTIME = {"CHECKS", "SMP", "RUN_TIME"}
# Beside the runs of tests/target, which name other apps.
APPS = ("hello", "schedule")
LEFT_OUT = {
    "crash": "does nothing but panic, in a runtime of its own",
    "dma.4-gib": "takes longer than all others; pages and vm walk the same paths",
    "irqs_off": "is the test of the trace, and takes long on purpose",
    "power_off": "switches the machine off, and tells nothing then",
    "vm.giant": "takes longer than all others; exhaustion has larger machines",
}

Stretch = collections.namedtuple("Stretch", "count begin end image")


def reason_against(run):
    """Why a run is left out, in words, or None."""
    others = set(run.get("config", {})) - SAME_RUNTIME
    if run.get("status", 0) == PANICKED:
        return "panics"
    if run.get("smp", 1) > 1:
        return "wants several CPUs, which share the clock that counts"
    named = LEFT_OUT.get(run.name.split(".", 2)[2]) or LEFT_OUT.get(run.image)
    if named or not others:
        return named
    return f"is for another runtime, with {', '.join(sorted(others))}"


def what_runs(run):
    """Two runs that differ in nothing else are one here."""
    keys = ("input", "input_file", "host", "own_words", "machine", "machine_arguments")
    return run.image, str(arguments(run)), *(str(run.get(key)) for key in keys)


def arguments(run):
    """Without what asks for times to be exact, which they are not while the trace takes its own."""
    return [word for word in run.get("arguments", []) if word != "exact"]


def icount_shift(run):
    """How many nanoseconds an instruction takes in a run that says so, as logarithm; or None."""
    found = ICOUNT_SHIFT.search(" ".join(run.get("machine_arguments", [])))
    return int(found.group(1)) if found else None


def choose(board, images=None):
    """(runs, {name of what is left out: why}), of all images or of these."""
    every = [run for run in target_tests.wanted_runs(False)
             if run.board == board and "libc" not in run.facts]
    every += [target_tests.Run(name, board, {}, in_root("apps", name)) for name in APPS]
    every = [run for run in every if not images or run.image in images]
    left_out = {run.name: reason_against(run) for run in every if reason_against(run)}
    chosen = {what_runs(run): run for run in reversed(every) if run.name not in left_out}
    return list(reversed(chosen.values())), left_out


def built(runs, row, build_folder, verbose):
    settings = [f"{name}={value}" for name, value in row["config"].items()]
    options = configuration.choose(settings, checks=False, smp=1)
    board = boards.load(row["board"])
    qemu.ensure(board, verbose)
    request = image_project.request_for(board, options, build_folder, verbose)
    source = os.path.join(build_folder.path, "tests", row["name"])
    one_of_each = {run.image: run for run in runs}.values()
    tree = image_project.build({run: {} for run in one_of_each}, request, source)
    if not tree:
        raise Failure("the images of the tests could not be built", BUILD_FAILED)
    return request, tree


def stretches(image):
    """Of one run, which has to come to its end."""
    run, shift = image.run, icount_shift(image.run)
    options = qemu.RunOptions(arguments(run), icount=shift is None,
                              own_words=run.get("own_words", []), machine=run.get("machine"),
                              machine_arguments=run.get("machine_arguments", []))
    result = capture.run(image, options, RUN_SECONDS, run.input_bytes(), run.get("host", "pipe"))
    found = [Stretch(int(count) >> (shift or 0), begin, end, run.name)
             for count, begin, end in STRETCH.findall(result.text())]
    if result.timed_out or result.status != run.get("status", 0) or not found:
        status = "timed out" if result.timed_out else f"status {result.status}"
        raise Failure(f"{run.name}, built with IRQS_OFF_TRACE: {status}, or it tells nothing:\n"
                      f"{result.text()}", WORSE)
    return found


def measure(row, build_folder, verbose):
    """The longest one; those above the mark are told, and with `verbose` what is left out."""
    runs, left_out = choose(row["board"], row.get("images"))
    request, tree = built(runs, row, build_folder, verbose)
    found = [stretch for run in runs
             for stretch in stretches(image_project.Image(run, row["config"], tree, request))]
    longest = max(found)
    for name, why in left_out.items() if verbose else ():
        say(f"left out: {name} {why}")
    tell([stretch for stretch in found if verbose or stretch.count > row["mark"]])
    row["note"] = f"{longest.begin} to {longest.end} in {longest.image}, of {len(runs)} runs"
    return longest.count, tree


def tell(found):
    """Each place once, with the image where it took longest."""
    places = {}
    for stretch in sorted(found):
        places[stretch.begin, stretch.end] = stretch
    for count, begin, end, image in sorted(places.values(), reverse=True):
        say(f"{count} from {begin} to {end} in {image}")
