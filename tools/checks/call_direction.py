#!/usr/bin/python3
"""
Checks the direction of dependencies once more where no #include can hide it: in the objects. What a
layer uses of another one stands to its right, or is declared in a contract of include/.
"""

import glob
import os
import re

from _support import (BOARDS, MAY_USE, RUNTIME_FOLDERS, Writer, files, finish, isa_of, must, read,
                      report, runtime)

# Called by generated code, wherever it is.
COMPILER = re.compile(r"memcpy|memmove|memset|memcmp|strlen|__stack_chk_(fail|guard)")


def symbols(nm, objects):
    """(defined, undefined) global names of a layer."""
    defined, undefined = set(), set()
    for line in must([nm, "-g", *objects]).splitlines():
        words = line.split()
        if len(words) == 3:
            defined.add(words[2])
        elif len(words) == 2 and words[0] in ("U", "w"):
            undefined.add(words[1])
    return defined, undefined


def layers_of(board):
    folder, nm = runtime(board), isa_of(board).tool("nm")
    objects = {}
    for path in glob.glob(os.path.join(folder, "CMakeFiles", "kiln_*.dir", "**", "*.obj"),
                          recursive=True):
        layer = re.search(r"/kiln_(\w+)\.dir/", path).group(1)
        objects.setdefault(layer, []).append(path)
    return {layer: symbols(nm, paths) for layer, paths in objects.items()}


def contract_names():
    text = "\n".join(read(path) for path in files((".h",), ["include"]))
    return set(re.findall(r"\b[A-Za-z_]\w+\b", text))


def problems(layers, contracts):
    for layer, (_, undefined) in sorted(layers.items()):
        for other, (defined, _) in sorted(layers.items()):
            if other == layer or other in MAY_USE[layer]:
                continue
            for name in sorted(undefined & defined - contracts):
                if not COMPILER.fullmatch(name):
                    yield f"{layer}/ uses {name} of {other}/, which no contract declares"


def main():
    writer = Writer()
    contracts = contract_names()
    for board in BOARDS:
        layers = layers_of(board)
        missing = set(RUNTIME_FOLDERS) - set(layers)
        report(writer, [f"no object of {layer}/" for layer in missing],
               f"{board}: there are objects of each layer")
        report(writer, problems(layers, contracts), f"{board}: calls go in the right direction")
    found = list(problems({"mm": (set(), {"thread_wake", "kiln_panic", "memcpy"}),
                           "core": ({"thread_wake", "kiln_panic", "memcpy"}, {"page_take"})},
                          {"kiln_panic"}))
    writer.point(len(found) == 1 and "thread_wake" in found[0],
                 "finds a call against the direction", "\n".join(found))
    finish(writer)


main()
