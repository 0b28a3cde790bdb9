"""
./kiln bench: measures the figures of tests/bench/marks.json and compares them with those that were
recorded with the same compiler and C library: others make other code.
"""

import json
import os
import re
import subprocess

from . import (apps, boards, building, capture, configuration, elf, host_bench, irqs_off,
               qemu)
from .failure import Failure
from .places import BuildFolder, in_root
from .report import say

MARKS = in_root("tests", "bench", "marks.json")
RECORDED = in_root("tests", "bench", "recorded.json")
ALLOWED_GROWTH = 1.03
ALLOWED_STEP = 2
RUN_SECONDS = 60
PAGE_BYTES = 4096
WORSE = 1
MOST_MEBIBYTES = 16
# What of a row makes its image and the machine that it runs on.
RUN_KEYS = ("app", "board", "config", "smp", "machine", "machine_arguments")


class Bench:
    """Builds and runs what the rows of the table ask for."""

    def __init__(self, build_folder, verbose):
        self.build_folder = build_folder
        self.verbose = verbose
        self.host = host_bench.HostBench(build_folder, verbose)
        self.captured = {}

    def built(self, row):
        board = boards.load(row["board"])
        settings = [f"{name}={value}" for name, value in row.get("config", {}).items()]
        options = configuration.choose(settings, checks=False, smp=1)
        place = in_root(*row["app"].split("/"))
        request = building.Request(apps.find(place), board, options, self.build_folder,
                                   verbose=self.verbose)
        qemu.ensure(board, self.verbose)
        result = building.build(request)
        result.lock.release()
        row["tools"] = tools_of(board, result.tree)
        return result

    def measure(self, row):
        return getattr(self, row["how"])(row)

    def printed(self, row):
        """A number that the app prints behind the row's `line`, counted with -icount: every run
        would print the same, so that one serves all rows that want it."""
        key = json.dumps([row.get(name) for name in RUN_KEYS], sort_keys=True)
        if key not in self.captured:
            options = qemu.RunOptions(icount=True, smp=row.get("smp"), machine=row.get("machine"),
                                      machine_arguments=row.get("machine_arguments", []))
            result = capture.run(self.built(row), options, RUN_SECONDS)
            self.captured[key] = result, row["tools"]
        result, row["tools"] = self.captured[key]
        found = re.search(rf"^{re.escape(row['line'])} +([0-9]+)", result.text(), re.MULTILINE)
        if not found:
            raise Failure(f"{row['name']}: status {result.status}, and no line "
                          f"'{row['line']} N' in its output:\n{result.text()}", WORSE)
        return int(found.group(1))

    def size(self, row):
        """Bytes of text and data in the image, but for the symbol table of backtraces."""
        file = elf.Elf64(self.built(row).elf)
        row["note"] = f"and {file.section_bytes('.kiln.symbols')} of names for backtraces"
        return file.loaded_bytes(but=(".kiln.symbols",))

    def least_memory(self, row):
        """Bytes of RAM beyond the image with which the app still runs, found by bisection."""
        built = self.built(row)
        file = elf.Elf64(built.elf)
        image_end = file.symbol("__image_end") - int(row["memory_base"], 0)
        enough, too_little = image_end + (1 << 20), image_end
        if not boots(built, enough):
            raise Failure(f"{row['name']}: does not even run with 1 MiB beyond the image", WORSE)
        while enough - too_little > PAGE_BYTES:
            middle = (enough + too_little) // 2 // PAGE_BYTES * PAGE_BYTES
            if boots(built, middle):
                enough = middle
            else:
                too_little = middle
        return enough - image_end

    def least_machine(self, row):
        """MiB of the smallest machine (QEMU's -m) that runs the app."""
        built = self.built(row)
        for mebibytes in range(1, MOST_MEBIBYTES + 1):
            if runs(built, qemu.RunOptions(machine_arguments=["-m", str(mebibytes)])):
                return mebibytes
        raise Failure(f"{row['name']}: does not even run with {MOST_MEBIBYTES} MiB", WORSE)

    def irqs_off(self, row):
        """The longest time with interrupts off in what the tests run."""
        figure, tree = irqs_off.measure(row, self.build_folder, self.verbose)
        row["tools"] = tools_of(boards.load(row["board"]), tree)
        return figure

    def on_host(self, row):
        """Instructions of an operation of a mix on the host, beside other allocators; the mark is
        a multiple of the best of those."""
        row["tools"] = self.host.build()
        others = self.host.others(row["mix"])
        row["mark"] = int(min(others.values()) * row["mark_factor"])
        row["note"] = ", ".join(f"{name} {count:.0f}" for name, count in others.items())
        return round(self.host.kiln(row["mix"], row["hardened"]))


def tools_of(board, tree):
    """What the code in a build tree comes from, such as "gcc 12.2.0, picolibc 1.8"."""
    compiler = subprocess.run([board.isa.tool("gcc"), "-dumpfullversion"], capture_output=True,
                              text=True, check=True).stdout.strip()
    cache = read_text(os.path.join(tree, "CMakeCache.txt"))
    library = re.search(r"^KILN_LIBC_NAME:\w+=(.*)$", cache, re.MULTILINE).group(1)
    return f"gcc {compiler}, {library}"


def boots(built, memory_bytes):
    return runs(built, qemu.RunOptions(own_words=[f"mem={memory_bytes}"]))


def runs(built, options):
    result = capture.run(built, options, timeout=3)
    return result.status == 0 and bool(result.output)


def read_text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def read_json(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def run(chosen):
    """The table on standard output; 0, or 1 when a figure is worse than it may be."""
    rows = chosen_rows(chosen.group, chosen.board)
    bench = Bench(BuildFolder(chosen.build_dir), chosen.verbose)
    for row in rows:
        row["figure"] = bench.measure(row)
    fill_relative_marks(rows)
    every_record = read_json(RECORDED)
    worse = []
    for tools in dict.fromkeys(row["tools"] for row in rows):
        those = [row for row in rows if row["tools"] == tools]
        recorded = every_record.setdefault(tools, {})
        print(f"{tools}:")
        print_table(those, recorded)
        worse += [text for row in those for text in complaints(row, recorded)]
        if chosen.accept:
            accept(those, recorded)
    if chosen.accept:
        write_records(every_record)
        return 0
    for text in worse:
        say(text)
    return WORSE if worse else 0


def chosen_rows(group, board):
    if board:
        boards.load(board)
    rows = [row for row in read_json(MARKS)
            if (not group or row["group"] == group) and (not board or row["board"] == board)]
    if not rows:
        raise Failure(f"nothing to measure; groups of figures: {', '.join(groups())}")
    return rows


def groups():
    return sorted({row["group"] for row in read_json(MARKS)})


def fill_relative_marks(rows):
    """A mark may be a multiple of another row's figure."""
    figures = {row["name"]: row["figure"] for row in rows}
    for row in rows:
        base = row.get("mark_relative_to")
        if base:
            row["mark"] = int(figures[base] * row["mark_factor"])


def met(figure, row):
    return figure <= row["mark"]


def complaints(row, recorded):
    """What is worse than recorded, in words; a limit holds, whatever has been recorded."""
    before = recorded.get(row["name"])
    figure = row["figure"]
    if row.get("is_limit"):
        if not met(figure, row):
            yield f"{row['what']}: {figure} {row['unit']} are above {row['mark']}"
        return
    if before is None:
        return
    if before["met"] and not met(figure, row):
        yield f"{row['what']}: {figure} {row['unit']} no longer meets the mark of {row['mark']}"
    if figure > before["figure"] * ALLOWED_GROWTH and figure - before["figure"] >= ALLOWED_STEP:
        yield (f"{row['what']}: {figure} {row['unit']}, recorded are {before['figure']} "
               "(--accept records a new figure; say why in the commit)")


def accept(rows, recorded):
    for row in rows:
        recorded[row["name"]] = {"figure": row["figure"], "met": met(row["figure"], row)}


def write_records(every_record):
    with open(RECORDED, "w", encoding="utf-8") as file:
        json.dump(every_record, file, indent=2, sort_keys=True)
        file.write("\n")
    say(f"recorded in {os.path.relpath(RECORDED)}")


def print_table(rows, recorded):
    lines = [("figure", "measured", "mark", "", "recorded", "unit")]
    for row in rows:
        before = recorded.get(row["name"], {}).get("figure", "-")
        verdict = "met" if met(row["figure"], row) else "MISSED"
        note = f" ({row['note']})" if "note" in row else ""
        lines.append((row["what"], str(row["figure"]), str(row["mark"]), verdict, str(before),
                      row["unit"] + note))
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [line[column].rjust(widths[column]) for column in range(1, 5)]
        print("  ".join(cells + [line[5]]))
