#!/usr/bin/python3
"""
Runs cppcheck over the runtime of every board, each source once. cppcheck/kiln.cfg tells it what it
cannot see; cppcheck/suppressions.txt lists, with reasons, what it is wrong about. Its category
"style" is left out: each version has another taste.
"""

import json
import os
import re

from _support import (ROOT, Writer, analysed_runtimes, build_root, files, finish, planted, read,
                      report, run)

PLACE = os.path.join("tools", "checks", "cppcheck")
COMMAND = ["cppcheck", "--quiet", "-j2", "--enable=warning,performance,portability",
           "--platform=unix64", "--std=c11", "--error-exitcode=1", "--template=gcc",
           f"--library={ROOT}/{PLACE}/kiln.cfg",
           f"--suppressions-list={ROOT}/{PLACE}/suppressions.txt"]


def merged_database():
    """One compile_commands.json of all runtimes, each C source once; its path and their number."""
    entries = {}
    for folder in analysed_runtimes():
        with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as file:
            for entry in json.load(file):
                if entry["file"].endswith(".c"):
                    entries.setdefault(entry["file"], entry)
    path = os.path.join(build_root(), "checks", "analysed", "cppcheck.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(list(entries.values()), file, indent=1)
    return path, len(entries)


def findings(*words):
    status, output = run([*COMMAND, *words], cwd=ROOT)
    return output.splitlines() if status else []


def without_reason(text):
    """Suppressions that no comment stands above."""
    reason = False
    for line in text.splitlines():
        if line.startswith("//"):
            reason = True
        elif not line.strip():
            reason = False
        elif not reason:
            yield line


def stale(text):
    """Suppressions of files that are gone."""
    for path in re.findall(r"^\w+:\*(\S+)$", text, re.MULTILINE):
        if not os.path.exists(os.path.join(ROOT, path)):
            yield path


def unparsable(text):
    """Register variables that newer releases cannot parse: kiln.cfg hides asm(), not __asm__()."""
    return re.findall(r"^ *register\b.*\b__asm__.*$", text, re.MULTILINE)


def main():
    writer = Writer()
    database, count = merged_database()
    report(writer, findings(f"--project={database}"),
           f"cppcheck finds nothing in {count} sources")
    report(writer, [f"{path}: {line}" for path in files((".c", ".h"))
                    for line in unparsable(read(path))], "register variables are written asm()")
    suppressions = read(os.path.join(PLACE, "suppressions.txt"))
    report(writer, [*without_reason(suppressions), *stale(suppressions)],
           "each suppression has its reason and its file")
    with planted({"bad.c": "int f(void)\n{\n    int a[2];\n    return a[2];\n}\n"}) as folder:
        found = "\n".join(findings(os.path.join(folder, "bad.c")))
    writer.point("arrayIndexOutOfBounds" in found, "cppcheck finds what is planted", found)
    writer.point(unparsable('    register long x __asm__("x0") = 0;\n'), "finds __asm__()")
    finish(writer)


main()
