#!/usr/bin/python3
"""Checks that every #include goes the way that docs/architecture.md allows.

    apps -> posix -> drivers -> core -> {mm, irq} -> arch -> lib      board -> drivers
"""

import os
import re

from _support import MAY_USE, ROOT, Writer, files, finish, planted, read, report

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
COMPUTED = re.compile(r'^\s*#\s*include\s+(?![<"])(.*)$', re.MULTILINE)
SOURCES = (".c", ".h", ".S", ".cpp", ".hpp", ".inc", ".ld")

# What of include/ is closed to whom: a pattern of headers -> the layers that may include them.
CONTRACTS = (
    # lib depends on nothing, the public API included.
    (r"(kiln(/.*)?|board|irq_controller|arch/.*)\.h", set(MAY_USE) - {"lib"}),
    # arch calls upward only by arch/upcall.h; of the API it may have types and options.
    (r"kiln/(?!api\.h|config\.h).*|kiln\.h|board\.h|irq_controller\.h",
     set(MAY_USE) - {"lib", "arch"}),
    # Only the contract itself includes an ISA's inlines and a controller's.
    (r"isa/.*", {"arch", "include", "tests"}),
    (r"irq_controller_inline\.h", {"irq", "include"}),
    # Ports, MSRs and the like: for what is written for that ISA only, and never for what is not.
    (r"x86_64/.*", {"arch", "irq", "drivers", "board", "tests"}),
    # Programs are written against the public API; the contracts are the runtime's own.
    (r"(board|irq_controller|arch/.*)\.h", set(MAY_USE) - {"lib", "apps", "tools"}),
)

# The compiler's own headers, and those functions of the C library that every layer may call: the
# runtime supplies them itself (arch/), or they are names and numbers only.
FREESTANDING = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h", "limits.h", "errno.h", "string.h"}
HOSTED = {"posix", "apps", "tests", "tools"}
# The fake ISA is a process of the host.
HOSTED_FOLDERS = ("arch/host/",)


def layer_of(path):
    return path.split("/")[0]


def component_of(path):
    """The folder whose private headers a file sees."""
    parts = path.split("/")
    if parts[0] in ("arch", "board", "apps") and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


def owner_of(name, root):
    """The layer that a <name> belongs to; None when it is not a header of the tree's."""
    first = name.split("/")[0]
    if os.path.exists(os.path.join(root, "include", name)):
        return "include"
    if first == "isa" or os.path.isdir(os.path.join(root, "arch", first, "include", first)):
        return "arch"
    if name == "irq_controller_inline.h":
        return "irq"
    if "/" in name and os.path.isdir(os.path.join(root, first, "include", first)):
        return first
    return None


def problem_quoted(path, name, root):
    """A quoted name is a private header of the file's own folder."""
    target = os.path.normpath(os.path.join(os.path.dirname(path), name))
    if not os.path.exists(os.path.join(root, target)):
        return f"{path}: no private header {name} beside it"
    if layer_of(path) == "tests":
        inside = target.startswith("tests/")
    else:
        inside = component_of(target) == component_of(path)
    return None if inside else f"{path}: {target} is private to {component_of(target)}/"


def problem_of_contract(path, name):
    for pattern, allowed in CONTRACTS:
        if re.fullmatch(pattern, name) and layer_of(path) not in allowed:
            return f"{path}: {name} is closed to {layer_of(path)}/"
    return None


def problem_of_system(path, name):
    if layer_of(path) in HOSTED or path.startswith(HOSTED_FOLDERS) or name in FREESTANDING:
        return None
    return f"{path}: <{name}> is neither the tree's nor freestanding"


def problem_of(path, quote, name, root):
    if quote == '"':
        return problem_quoted(path, name, root)
    owner = owner_of(name, root)
    if owner is None:
        return problem_of_system(path, name)
    closed = problem_of_contract(path, name)
    layer = layer_of(path)
    if closed or owner in ("include", layer) or owner in MAY_USE[layer]:
        return closed
    if name.startswith("isa/") and layer == "include":
        return None if path.startswith("include/arch/") else f"{path}: {name} is an ISA's"
    if name == "irq_controller_inline.h" and path == "include/irq_controller.h":
        return None
    return f"{path}: {layer}/ must not include {name} of {owner}/"


def problems(root=ROOT):
    for path in files(SOURCES, root=root):
        if layer_of(path) not in MAY_USE:
            yield f"{path}: {layer_of(path)}/ has no place in the order of layers"
            continue
        text = read(path, root)
        for words in COMPUTED.findall(text):
            yield f"{path}: #include {words}: the header's name must stand there"
        for quote, name in INCLUDE.findall(text):
            problem = problem_of(path, quote, name, root)
            if problem:
                yield problem


# Each would be an include against the direction, or past a contract.
OFFENDERS = {
    "lib/a.c": ("<kiln/panic.h>", "<arch/cpu.h>", "<core/thread.h>", "<stdlib.h>",
                "<x86_64/cpuid.h>"),
    "arch/aarch64/a.c": ("<kiln/panic.h>", "<core/percpu.h>", "<board.h>", "<mm/early.h>"),
    "irq/a.c": ("<core/thread.h>", "<mm/early.h>", "<isa/cpu.h>", "<drivers/uart.h>"),
    "mm/a.c": ("<core/thread.h>", "<irq/dispatch.h>", "<isa/mmu.h>", "<x86_64/msr.h>",
               '"../core/private.h"'),
    "core/a.c": ("<isa/cpu.h>", "<drivers/uart.h>", '"../board/raspi3/facts.h"', "<stdio.h>",
                 "<irq_controller_inline.h>", "<x86_64/port.h>", '"../arch/aarch64/asm.h"',
                 '"missing.h"'),
    "drivers/uart/a.c": ("<isa/mmio.h>", '"../../posix/posix.h"', "<unistd.h>"),
    "board/raspi3/a.c": ('"../raspi4/facts.h"', "<isa/cpu.h>"),
    "posix/a.c": ('"../core/private.h"', "<isa/cpu.h>", "<x86_64/port.h>"),
    "apps/hello/a.c": ("<core/thread.h>", "<x86_64/port.h>", "<lib/list.h>", "<arch/cpu.h>",
                       '"../crash/crash.h"'),
    "include/kiln/a.h": ("<core/thread.h>", "<isa/cpu.h>", "<stdio.h>", "<x86_64/port.h>"),
    "core/c.c": ("HEADER",),
    "other/a.c": ("<stdint.h>",),
}
HEADERS = ("include/kiln/panic.h", "include/arch/cpu.h", "include/board.h",
           "lib/include/lib/list.h", "core/include/core/thread.h",
           "core/include/core/percpu.h", "mm/include/mm/early.h",
           "irq/include/irq/dispatch.h", "drivers/include/drivers/uart.h", "core/private.h",
           "posix/posix.h", "board/raspi3/facts.h", "board/raspi4/facts.h",
           "arch/aarch64/asm.h", "apps/crash/crash.h",
           *(f"arch/x86_64/include/x86_64/{name}.h" for name in ("cpuid", "msr", "port")))
# And these go the right way.
RIGHT = {
    "core/b.c": ("<mm/early.h>", "<irq/dispatch.h>", "<lib/list.h>", "<arch/cpu.h>", '"private.h"'),
    "board/raspi3/b.c": ("<drivers/uart.h>", "<board.h>", '"facts.h"'),
    "board/pc/b.c": ("<x86_64/port.h>",),
    "drivers/uart/b.c": ("<x86_64/port.h>",),
    "irq/b.c": ("<x86_64/msr.h>",),
    "arch/x86_64/b.c": ("<x86_64/msr.h>", "<isa/cpu.h>"),
    "posix/b.c": ("<stdio.h>", "<arch/cpu.h>", '"posix.h"'),
    "include/arch/b.h": ("<isa/cpu.h>", "<stdint.h>"),
    "apps/hello/b.c": ("<kiln/panic.h>", "<stdio.h>"),
}


def found_in(path, include):
    """The problems of a tree in which this file includes that."""
    texts = dict.fromkeys(HEADERS, "")
    texts[path] = f"#include {include}\n"
    with planted(texts) as folder:
        return list(problems(folder))


def main():
    writer = Writer()
    report(writer, problems(), f"{len(files(SOURCES))} files include in the right direction only")
    for path, includes in OFFENDERS.items():
        for include in includes:
            writer.point(len(found_in(path, include)) == 1, f"finds {path} including {include}")
    for path, includes in RIGHT.items():
        for include in includes:
            report(writer, found_in(path, include), f"lets {path} include {include}")
    finish(writer)


main()
