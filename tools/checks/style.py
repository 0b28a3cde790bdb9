#!/usr/bin/python3
"""
Checks how sources are laid out: what .editorconfig asks of every file, and that C and C++ are as
clang-format makes them by .clang-format. Macros are left to the writer: that is where
versions of clang-format differ.
"""

import itertools
import os
import re

from _support import ROOT, Writer, files, finish, must, planted, read, report

TEXT = (".c", ".h", ".S", ".cpp", ".py", ".ld", ".cmake", ".txt", ".json", ".md")
COLUMNS_OF = (".c", ".h", ".S", ".cpp", ".py", ".ld")
COLUMNS = 100
FORMATTED = (".c", ".h", ".cpp")
MACRO = re.compile(r"^ *# *define (?:.*\\\n)*.*\n", re.MULTILINE)
# Test data is as it is.
DATA = ("tests/fuzz/", "tests/target/stdin.txt", "tests/target/libc_files/data/",
        "tests/host/trees/")


def texts(root):
    for path in files(TEXT, root=root):
        if not path.startswith(DATA):
            yield path


def problems_of(path, data):
    """What .editorconfig forbids."""
    if data and not data.endswith("\n"):
        yield f"{path}: no newline at the end"
    for number, line in enumerate(data.split("\n"), 1):
        if "\t" in line or "\r" in line:
            yield f"{path}:{number}: a tab or carriage return"
        if line.rstrip() != line.rstrip("\r"):
            yield f"{path}:{number}: blanks at the end of the line"
        if path.endswith(COLUMNS_OF) and len(line) > COLUMNS:
            yield f"{path}:{number}: {len(line)} columns"


def layout_problems(root=ROOT):
    for path in texts(root):
        with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
            yield from problems_of(path, file.read())


def without_macros(text):
    return MACRO.sub("\n", text).splitlines()


def formatted(paths):
    """What clang-format makes of these files, one after the other."""
    return must(["clang-format", f"--style=file:{ROOT}/.clang-format", *paths])


def unformatted(paths):
    """The first line of each file that clang-format would write otherwise."""
    whole = "".join(read(path) for path in paths)
    if without_macros(whole) == without_macros(formatted(paths)):
        return
    for path in paths:
        lines = without_macros(read(path)), without_macros(formatted([path]))
        for is_now, should_be in itertools.zip_longest(*lines):
            if is_now != should_be:
                yield f"{path}: {is_now!r} should be {should_be!r}"
                break


def check_self(writer):
    bad = {"a.c": "int x; \n", "b.h": "\tint y;\n", "c.S": "nop", "d.py": "#" * 101 + "\n",
           "e.c": "#define A  {0}\nint  f( void ){return 1;}\n"}
    with planted(bad) as folder:
        found = [problem.split(":")[0] for problem in layout_problems(folder)]
        writer.point(found == ["a.c", "b.h", "c.S", "d.py"], "finds what .editorconfig forbids",
                     " ".join(found))
        found = list(unformatted([os.path.join(folder, "e.c")]))
        writer.point(len(found) == 1 and "int f(void)" in found[0], "finds unformatted code",
                     "\n".join(found))


def main():
    writer = Writer()
    report(writer, layout_problems(), "every file is laid out as .editorconfig says")
    paths = [os.path.join(ROOT, path) for path in files(FORMATTED)]
    report(writer, unformatted(paths), f"{len(paths)} sources are as clang-format makes them "
           "(clang-format -i)")
    check_self(writer)
    finish(writer)


main()
