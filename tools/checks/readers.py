#!/usr/bin/python3
"""
Checks that a source of the runtime is told no more of board and configuration than it reads
(cmake/runtime/readers.cmake): sources that boards share are compiled by one command, which is done
once for all, and an option does not compile where it is not told.
"""

import json
import os
import re
import shlex

from _support import BOARDS, ROOT, Writer, configured, finish, isa_of, planted, report, run

# What reads where devices stand, and what a board's interrupt controller is.
OF_A_BOARD = re.compile(r"(board|irq|drivers/bcm)/|core/(boot|cpu|interrupt|panic|pause)\.c|"
                        r"core/(balance|deadlock|idle_governor|remote|spinlock_held|timer)\.c|"
                        r"arch/\w+/start\.S")
# An option that no other folder than drivers/ reads, and a source outside.
OPTION, OUTSIDE = "BAUD", "lib/format.c"


def commands(board):
    """{source: what compiles it, but for the names of what it makes}, of a board's runtime."""
    folder = configured(board)
    with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    found = {}
    for entry in entries:
        words = shlex.split(entry["command"])
        at = words.index("-o")
        found[os.path.relpath(entry["file"], ROOT)] = words[:at] + words[at + 2:]
    return found


def differing(first, second):
    """Sources of both whose commands differ, although they read nothing of a board."""
    return [source for source in sorted(set(first) & set(second))
            if first[source] != second[source] and not OF_A_BOARD.match(source)]


def shared(board, other):
    """How many sources two boards have in common, and those that are compiled twice."""
    first, second = commands(board), commands(other)
    return len(set(first) & set(second)), differing(first, second)


def check_option(writer, board):
    """The command of a source that is not told an option refuses it, in C and by #if."""
    command = commands(board)[OUTSIDE][:-2] + ["-fsyntax-only", "-include", "kiln/config.h"]
    texts = {"used.c": f"int baud(void);\nint baud(void) {{ return KILN_CONFIG_{OPTION}; }}\n",
             "tested.c": f"#if KILN_CONFIG_{OPTION}\n#endif\nextern int baud;\n",
             "neither.c": "extern int baud;\n"}
    with planted(texts) as folder:
        for name in texts:
            status, output = run([*command, "-c", os.path.join(folder, name)])
            if name == "neither.c":
                writer.point(status == 0, f"{board}: a source without the option compiles", output)
            else:
                writer.point(status != 0 and "@" in output,
                             f"{board}: an option that is {name[:-2]} elsewhere is refused", output)


def main():
    writer = Writer()
    for board in BOARDS[1:]:
        same_isa = [other for other in BOARDS[:BOARDS.index(board)]
                    if isa_of(other).name == isa_of(board).name]
        for other in same_isa:
            count, twice = shared(board, other)
            report(writer, twice, f"of {count} sources of {board} and {other} those are compiled "
                                  "by one command that read no fact of a board")
    check_option(writer, "raspi3")
    found = differing({"mm/a.c": ["-DA"], "irq/b.c": ["-DA"]}, {"mm/a.c": [], "irq/b.c": []})
    writer.point(found == ["mm/a.c"], "finds a command that differs", " ".join(found))
    finish(writer)


main()
