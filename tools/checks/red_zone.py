#!/usr/bin/python3
"""
Checks that nothing in an image for x86_64 uses a red zone: memory below the stack pointer, which
the ABI of other systems keeps for the function that runs. Each function of the image, of all of
newlib and of the runtime is followed from its entry; an access below what it has taken of the
stack is a mistake, by way of the stack pointer or of the frame pointer.
"""

import os
import re
import tempfile

from _support import BOARDS, ROOT, Writer, build_root, finish, isa_of, must, report, run, runtime

ISA = "x86_64"
FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSTRUCTION = re.compile(r"^ *([0-9a-f]+):\t(\S.*)$")
PREFIXES = {"rep", "repz", "repnz", "lock", "notrack", "data16", "cs", "addr32", "bnd", "rex.W"}
MEMORY = re.compile(r"(-?0x[0-9a-f]+)?\(%(rsp|rbp)(?:,[^)]*)?\)")
TARGET = re.compile(r"^([0-9a-f]+)(?: |$)")
UNKNOWN = 1 << 40  # as much of the stack as anybody wants
ENDS = re.compile(r"ret|iret|ud2|hlt|jmp|sysret|sysexit")


class Instruction:
    """One of objdump's lines."""

    def __init__(self, address, text):
        words = text.split("#")[0].split("<")[0].split(None, 1)
        while len(words) == 2 and words[0] in PREFIXES:
            words = words[1].split(None, 1)
        self.address = address
        self.text = text
        self.name = words[0]
        self.operands = words[1].strip() if len(words) > 1 else ""
        self.next = None

    def targets(self):
        """Where it may go on within the function; an indirect jump is left to its caller."""
        found = []
        if self.name.startswith("j") or self.name.startswith("loop"):
            target = TARGET.match(self.operands)
            if target:
                found.append(int(target.group(1), 16))
        if self.next is not None and not ENDS.match(self.name):
            found.append(self.next)
        return found

    def is_indirect_jump(self):
        return self.name.startswith("jmp") and self.operands.startswith("*")


def functions(listing):
    """(name, {address: Instruction}) of what `objdump -d` printed."""
    name, code, last = None, {}, None
    for line in listing.splitlines():
        start, found = FUNCTION.match(line), INSTRUCTION.match(line)
        if start:
            if code:
                yield name, code
            name, code, last = start.group(1), {}, None
        elif found:
            instruction = Instruction(int(found.group(1), 16), found.group(2))
            if last:
                last.next = instruction.address
            code[instruction.address] = last = instruction
    if code:
        yield name, code


def number(text):
    found = re.match(r"\$(-?0x[0-9a-f]+)", text)
    value = int(found.group(1), 16) if found else UNKNOWN
    return value - (1 << 64) if value >> 63 else value


def step(instruction, stack, frame):
    """
    (stack, frame) after the instruction: how far the stack pointer and the frame pointer are below
    where the stack pointer was at the entry.
    """
    name, operands = instruction.name, instruction.operands
    if name.startswith("push"):
        return stack + 8, frame
    if name.startswith("pop"):
        return stack - 8, UNKNOWN if operands == "%rbp" else frame
    if name.startswith("leave"):
        return frame - 8, UNKNOWN
    if operands in ("%rsp,%rbp", "%rbp,%rsp"):
        return (stack, stack) if operands == "%rsp,%rbp" else (frame, frame)
    if operands.endswith(",%rbp"):
        return stack, UNKNOWN
    if not operands.endswith(",%rsp"):
        return stack, frame
    if name.startswith("sub"):
        return stack + number(operands), frame
    if name.startswith("add"):
        return stack - number(operands), frame
    if name.startswith("and"):
        return stack - number(operands) - 1, frame
    memory = MEMORY.match(operands)
    if name.startswith("lea") and memory:
        base = stack if memory.group(2) == "rsp" else frame
        return base - int(memory.group(1) or "0", 16), frame
    return UNKNOWN, frame


def is_below(instruction, stack, frame):
    """Whether it reads or writes below the stack pointer."""
    memory = MEMORY.search(instruction.operands)
    if not memory or instruction.name.startswith(("lea", "nop")):
        return False
    base = stack if memory.group(2) == "rsp" else frame
    return base < UNKNOWN // 2 and base - int(memory.group(1) or "0", 16) > stack


def reach(code, start, state, seen):
    """Follows the code from an address; returns the states at jumps through tables."""
    waiting, tables = [(start, state)], []
    while waiting:
        address, (stack, frame) = waiting.pop()
        if address in seen or address not in code:
            continue
        seen[address] = (stack, frame)
        instruction = code[address]
        after = step(instruction, stack, frame)
        if instruction.is_indirect_jump():
            tables.append(after)
        waiting += [(target, after) for target in instruction.targets()]
    return tables


def problems_of(name, code):
    """What a function does below the stack pointer. What only a table leads to starts as there."""
    seen = {}
    tables = reach(code, min(code), (0, UNKNOWN), seen)
    while tables:
        state = tables.pop()
        for address in sorted(code):
            if address not in seen:
                tables += reach(code, address, state, seen)
    for address, (stack, frame) in sorted(seen.items()):
        if is_below(code[address], stack, frame):
            yield f"{name}: {code[address].text}"


def problems(listing):
    for name, code in functions(listing):
        yield from problems_of(name, code)


def listing_of(path):
    return must([isa_of(BOARD).tool("objdump"), "-d", "--no-show-raw-insn", path])


def check(writer, path, what):
    listing = listing_of(path)
    count = sum(1 for _ in functions(listing))
    found = list(problems(listing)) if count else ["no function in it"]
    report(writer, found[:20], f"{what}: {count} functions use no red zone")


# By stack pointer, by frame pointer, and behind a jump through a table.
PLANTED = """
int leaf(int a)
{
    volatile int room[8];
    room[a & 7] = a;
    return room[3];
}
int table(int a, int *b)
{
    volatile int room[4];
    switch (a) {
    case 0: *b = 5; break;
    case 1: room[1] = *b; break;
    case 2: *b /= 7; break;
    case 3: *b += room[1]; break;
    case 4: *b ^= 99; break;
    case 5: *b *= 3; break;
    }
    return *b;
}
"""
MODES = (("-fomit-frame-pointer",), ("-fno-omit-frame-pointer",))


def check_planted(writer, mode):
    """Both functions are found by the compiler's default, and none when it is told."""
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "planted.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write(PLANTED)
        found = []
        for option in ("-mred-zone", "-mno-red-zone"):
            target = os.path.join(folder, "planted.o")
            must([isa_of(BOARD).tool("gcc"), "-O1", "-fno-pie", "-fcf-protection=none", *mode,
                  option, "-c", source, "-o", target])
            found.append({line.split(":")[0] for line in problems(listing_of(target))})
    writer.point(found == [{"leaf", "table"}, set()],
                 f"finds planted offenders compiled with {mode[0]}, and no others",
                 f"found {found[0]} with a red zone, {found[1]} without")


BOARD = next(name for name in BOARDS if isa_of(name).name == ISA)


def main():
    writer = Writer()
    tree = os.path.join(build_root(), BOARD, "hello")
    status, output = run([os.path.join(ROOT, "kiln"), "build", "hello", "-b", BOARD,
                          "--config", "PRINTF_FLOAT=1"])
    writer.point(status == 0, "hello is built", output)
    check(writer, os.path.join(tree, "hello.elf"), "hello with full printf")
    check(writer, os.path.join(runtime(BOARD), "libposix.a"), "all of posix/")
    check(writer, os.path.join(runtime(BOARD), "kiln.o"), "the runtime")
    with open(os.path.join(tree, "hello.map"), encoding="utf-8") as file:
        newlib = re.search(r"(\S+/newlib/\S+/)libc\.a\(", file.read())
    writer.point(newlib, "hello is linked with newlib")
    for library in ("libc.a", "libm.a") if newlib else ():
        check(writer, newlib.group(1) + library, f"all of newlib's {library}")
    for mode in MODES:
        check_planted(writer, mode)
    finish(writer)


main()
