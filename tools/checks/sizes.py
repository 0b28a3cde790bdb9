#!/usr/bin/python3
"""
Checks what keeps the source readable: lengths of functions and files, no left-over notes, and a
comment above every public function that says in which context it may be called.
"""

import json
import os
import re
import statistics

from _support import ROOT, Writer, files, finish, must, planted, read, report

CODE = (".c", ".h", ".S", ".cpp", ".py", ".ld", ".cmake", "CMakeLists.txt", ".in")
MEDIAN_LINES = 12
FUNCTION_LINES = 60
FILE_LINES = 500
NOTE = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")

DOCUMENTED = re.compile(r"^/\*\*(.*?)\*/\n((?:[^\n]+\n)+)", re.MULTILINE | re.DOTALL)
DECLARATION = re.compile(r"^(?!#|typedef|static|extern const|\s|/|\*)[^\n;{}]*?\b(kiln_\w+)"
                         r"\((?:[^;{}]*)\)[^;{}]*;", re.MULTILINE)
CONTEXT = re.compile(r"context|\bboot\b", re.IGNORECASE)


def functions(suffixes, root=ROOT):
    """[(lines, path, name)] of the functions that universal-ctags finds."""
    paths = [path for path in files(suffixes, root=root) if not path.startswith("docs/")]
    if not paths:
        return []
    # -I: macros that stand in front of a function are not its name.
    text = must(["ctags", "--output-format=json", "--fields=+ne", "--kinds-C=f", "--kinds-C++=f",
                 "--kinds-Python=fm", "-f", "-", "-I", "KILN_INTERRUPT_HANDLER,KILN_NORETURN",
                 *(os.path.join(root, path) for path in paths)])
    found = []
    for line in text.splitlines():
        tag = json.loads(line)
        if "end" in tag:
            found.append((tag["end"] - tag["line"] + 1, os.path.relpath(tag["path"], root),
                          tag["name"]))
    return found


def long_functions(found):
    return [f"{path}: {name} has {lines} lines" for lines, path, name in found
            if lines > FUNCTION_LINES]


def long_files(root=ROOT):
    for path in files(CODE, root=root):
        lines = read(path, root).count("\n")
        if lines > FILE_LINES:
            yield f"{path}: {lines} lines"


def notes(root=ROOT):
    for path in files(CODE + (".md", ".json"), root=root):
        for number, line in enumerate(read(path, root).splitlines(), 1):
            if NOTE.search(line):
                yield f"{path}:{number}: {line.strip()}"


def undocumented(text):
    """Names of a header's functions without a comment that says where they may be called."""
    good = set()
    for comment, declarations in DOCUMENTED.findall(text):
        if CONTEXT.search(comment):
            good |= set(DECLARATION.findall(declarations))
    return sorted(set(DECLARATION.findall(text)) - good)


def public_functions():
    return {path: set(DECLARATION.findall(read(path))) for path in files((".h",), ["include/kiln"])}


def check_self(writer):
    body = "    x++;\n" * 60
    with planted({"a.c": f"int x;\nvoid f(void)\n{{\n{body}}}\n", "b.c": "int y;\n" * 501,
                  "c.h": "/* X" "XX */\n"}) as folder:
        writer.point(len(long_functions(functions((".c",), folder))) == 1, "finds a long function")
        writer.point(len(list(long_files(folder))) == 1, "finds a long file")
        writer.point(len(list(notes(folder))) == 1, "finds a left-over note")
    header = ("/** A. Any context. */\nvoid kiln_a(void);\n"
              "int kiln_b(int x,\n           int y);\n\n"
              "/** C. */\nvoid kiln_c(void);\n\nKILN_NORETURN void kiln_d(void);\n")
    writer.point(undocumented(header) == ["kiln_c", "kiln_d"], "finds functions without a context",
                 " ".join(undocumented(header)))


def main():
    writer = Writer()
    in_c, in_python = functions((".c", ".h", ".cpp")), functions((".py",))
    for name, found in (("C", in_c), ("Python", in_python)):
        lengths = [lines for lines, _, _ in found]
        median = statistics.median(lengths)
        print(f"# {name}: {len(lengths)} functions, median {median:g} lines, "
              f"longest {max(lengths)}")
        writer.point(median <= MEDIAN_LINES, f"{name}: the median function has at most "
                     f"{MEDIAN_LINES} lines", f"it has {median:g}")
        report(writer, long_functions(found), f"{name}: no function over {FUNCTION_LINES} lines")
    sizes = [read(path).count("\n") for path in files(CODE)]
    print(f"# {len(sizes)} files, {sum(sizes)} lines, longest {max(sizes)}")
    report(writer, long_files(), f"no file over {FILE_LINES} lines")
    report(writer, notes(), "no left-over notes")
    for path, names in public_functions().items():
        report(writer, undocumented(read(path)),
               f"{path}: context told for {len(names)} functions")
    check_self(writer)
    finish(writer)


main()
