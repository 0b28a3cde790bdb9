#!/usr/bin/python3
"""
Checks what can be checked of docs/ and README.md: that configuration.md is fresh, errors.md has
every public call and the porting guides every call of the contracts, links lead somewhere, and
./kiln understands every command that is shown.
"""

import contextlib
import io
import os
import re
import shlex

from _support import ROOT, Writer, files, finish, planted, read, report, run

from kiln_cli import arguments

CALL = re.compile(r"^\| `(kiln_\w+)` \| ([^|]+) \|", re.MULTILINE)
DECLARED = re.compile(r"\b(kiln_\w+)\((?=[^;{}]*\)[^;{}]*;)")
LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")
CODE_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
DOCUMENTS = [path for path in files((".md",)) if path.startswith("docs/") or "/" not in path]


def public_calls():
    """Functions that include/kiln declares; macros and what is inside them left out."""
    found = set()
    for path in files((".h",), ["include/kiln"]):
        text = re.sub(r"/\*.*?\*/", "", read(path), flags=re.DOTALL)
        text = re.sub(r"^#define(?:.*\\\n)*.*$", "", text, flags=re.MULTILINE)
        found |= set(DECLARED.findall(text))
    return found


def declared(paths):
    """Functions that these contract headers declare, inlines included; builtins and assertions are
    none."""
    found = set()
    for path in paths:
        text = re.sub(r"/\*.*?\*/", "", read(path), flags=re.DOTALL)
        found |= set(re.findall(r"^(?!#|typedef)[^\n=(]*?\b(\w+)\([^;{}]*\);", text, re.MULTILINE))
    return {name for name in found if not name.startswith("_")}


def missing_in(document, paths):
    """Functions of a contract that its document leaves out."""
    text = read(document)
    for way in ("read", "write"):
        widths = " ".join(f"mmio_{way}{bits}" for bits in (8, 16, 32, 64))
        text = text.replace(f"`mmio_{way}8` to `mmio_{way}64`", widths)
    return sorted(name for name in declared(paths) if not re.search(rf"\b{name}\b", text))


def broken_links(documents, root=ROOT):
    for path in documents:
        for target in LINK.findall(read(path, root)):
            place = os.path.join(root, os.path.dirname(path), target)
            if "://" not in target and not os.path.exists(place):
                yield f"{path}: there is no {target}"


def named_documents():
    """Documents that sources and tools speak of, and that are not there."""
    for path in files((".c", ".h", ".S", ".py", ".cmake", "CMakeLists.txt")):
        for name in re.findall(r"\bdocs/[\w-]+\.md\b", read(path)):
            if not os.path.exists(os.path.join(ROOT, name)):
                yield f"{path}: there is no {name}"


def commands(text):
    """The ./kiln commands of its shell blocks, as words."""
    for block in CODE_BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.strip().removeprefix("$ ")
            if line.startswith("./kiln"):
                yield shlex.split(line.split(" | ")[0].split(" < ")[0], comments=True)[1:]


def refused(words):
    """What the command line has against these words; nothing when it takes them."""
    words, _ = arguments.split_at_dashes(words)
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            arguments.parser().parse_args(words)
        except SystemExit as end:
            return said.getvalue() if end.code else ""
    return ""


def bad_commands(documents, root=ROOT):
    for path in documents:
        for words in commands(read(path, root)):
            problem = refused(words)
            if problem:
                yield f"{path}: ./kiln {' '.join(words)}: {problem.strip().splitlines()[-1]}"


def check_self(writer):
    text = "[x](missing.md) [y](b.md#z)\n```sh\n./kiln fly\n$ ./kiln run -b x # y\n```\n"
    with planted({"a.md": text, "b.md": ""}) as folder:
        writer.point(len(list(broken_links(["a.md"], folder))) == 1, "finds a broken link")
        writer.point(len(list(bad_commands(["a.md"], folder))) == 1, "finds a wrong command")


def main():
    writer = Writer()
    status, output = run([os.path.join(ROOT, "tools", "make_docs.py"), "--check"])
    writer.point(status == 0, "docs/configuration.md is what tools/make_docs.py makes", output)
    calls, table = public_calls(), set(name for name, _ in CALL.findall(read("docs/errors.md")))
    report(writer, sorted(calls - table), f"docs/errors.md has all {len(calls)} public calls")
    report(writer, sorted(table - calls), "docs/errors.md has no call that is gone")
    arch = files((".h",), ["include/arch"])
    report(writer, missing_in("docs/porting-isa.md", arch),
           f"docs/porting-isa.md has all {len(declared(arch))} functions of include/arch")
    board = ["include/board.h", "include/irq_controller.h"]
    report(writer, missing_in("docs/porting-board.md", board),
           f"docs/porting-board.md has all {len(declared(board))} calls of board and controller")
    report(writer, broken_links(DOCUMENTS), f"links of {len(DOCUMENTS)} documents lead somewhere")
    report(writer, named_documents(), "documents that sources name are there")
    count = sum(len(list(commands(read(path)))) for path in DOCUMENTS)
    report(writer, bad_commands(DOCUMENTS), f"./kiln takes the {count} commands that are shown")
    check_self(writer)
    finish(writer)


main()
