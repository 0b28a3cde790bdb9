#!/usr/bin/python3
"""Builds a fuzz target with clang, replays its corpus and fuzzes on for a fixed number of runs:
TARGET FOLDER. Prints TAP; the program and what it finds are kept in FOLDER.

A corpus is the smallest of what earlier runs found worth keeping (-merge=1), beside real inputs
that lie elsewhere. What a failing run found is in FOLDER/crash-*, and
`FOLDER/TARGET FOLDER/crash-...` repeats it. Once mended, the file belongs into the corpus.
"""

import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools"))

from kiln_cli import packages, tap  # noqa: E402  (the path above comes first)

RUNS = 50000 if os.environ.get("KILN_LONG_TESTS") else 10000
SEED = 1
SECONDS = 200
SOURCES = {
    "device_tree": ["core/device_tree.c"],
    "acpi": ["drivers/firmware/acpi.c", "drivers/firmware/acpi_madt.c",
             "drivers/firmware/acpi_power.c", "drivers/firmware/acpi_tables.c"],
    "pc_boot": ["drivers/firmware/pc_boot_info.c", "drivers/firmware/pvh.c",
                "drivers/firmware/multiboot2.c", "core/boot_info.c"],
    "region": ["mm/region.c", "arch/host/host.c"],
    "pool": ["mm/pool.c", "mm/pool_cpus.c", "arch/host/host.c"],
    "arena": ["mm/arena.c", "arch/host/host.c"],
    "page": ["mm/page.c", "mm/page_exact.c", "mm/page_hot.c", "mm/page_reclaim.c",
             "mm/page_region.c", "mm/page_stats.c", "mm/page_within.c", "mm/page_zone.c", "mm/early.c",
             "core/spinlock.c", "arch/host/host.c"],
    "heap": ["mm/heap.c", "mm/heap_large.c", "mm/slab.c", "mm/slab_reclaim.c", "mm/slab_stats.c",
             "mm/page.c", "mm/page_exact.c", "mm/page_hot.c", "mm/page_reclaim.c",
             "mm/page_region.c", "mm/page_stats.c", "mm/page_zone.c", "mm/early.c",
             "arch/host/host.c"],
}
SEEDS = {
    "device_tree": [os.path.join(ROOT, "tests/host/data")],
    "acpi": [],
    "pc_boot": [os.path.join(ROOT, "tests/host/pc_data")],
    "region": [],
    "pool": [],
    "arena": [],
    "page": [],
    "heap": [],
}
INCLUDES = ["tests/host/no_threads", "tests/host/fake_devices", "include", "drivers/include",
            "core/include", "lib/include", "arch/host/include", "mm", "mm/include"]
OPTIONS = ["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-DFAKE_WIDTHS",
           "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all",
           f"-fsanitize-coverage-ignorelist={HERE}/models.txt"]


def main(target, folder):
    report = tap.Writer()
    found = os.path.join(folder, "found")
    shutil.rmtree(found, ignore_errors=True)
    os.makedirs(found)
    program = os.path.join(folder, target)
    if is_equipped(report) and build(report, target, program):
        corpus = [os.path.join(HERE, "corpus", target), *SEEDS[target]]
        report.point(all(len(os.listdir(folder)) > 1 for folder in corpus), "there is a corpus")
        fuzz = [program, "-timeout=5", f"-artifact_prefix={folder}{os.sep}"]
        run(report, "the corpus is replayed", [*fuzz, "-runs=0", *corpus])
        run(report, f"{RUNS} runs on from it",
            [*fuzz, f"-runs={RUNS}", f"-seed={SEED}", "-reload=0", found, *corpus])
    report.plan()
    return report.failures != 0


def is_equipped(report):
    missing = [packages.package_of(need) for need in ("clang", "clang sanitizers")
               if not packages.is_there(need)]
    report.point(not missing, "clang and its fuzzer are there",
                 "install the packages: " + " ".join(missing))
    return not missing


def build(report, target, program):
    command = ["clang", *OPTIONS, "-o", program, os.path.join(HERE, f"fuzz_{target}.c")]
    command += [os.path.join(ROOT, source) for source in SOURCES[target]]
    command += ["-I" + os.path.join(ROOT, folder) for folder in INCLUDES]
    return run(report, "the target is built", command)


def run(report, what, command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=SECONDS, check=False)
        status, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        status, output = "timeout", expired.stdout or b""
    report.point(status == 0, what,
                 f"status {status}\n" + output.decode("utf-8", "replace")[-4000:])
    return status == 0


sys.exit(main(*sys.argv[1:]))
