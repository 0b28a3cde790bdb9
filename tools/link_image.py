#!/usr/bin/python3
"""Links an image with the names of its functions in it.

Usage: link_image.py LINK-COMMAND...

Runs the command, makes a table of the functions of what it linked (the form is told in
core/symbols.c), and runs the command once more with the table added. The table stands behind the
code, so that the addresses in it stay true. The first time links without what debuggers read.
"""
import os
import struct
import sys

FUNCTION = 2
SYMBOL_TABLE = 2
RESERVED_INDEX = 0xff00


def read_elf_functions(path):
    """Start of the image, and {address: name} of its functions, of one ELF64 file."""
    with open(path, "rb") as file:
        data = file.read()
    section_offset, = struct.unpack_from("<Q", data, 40)
    section_size, section_count = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, section_offset + i * section_size)
                for i in range(section_count)]
    start, functions = 0, {}
    for section in sections:
        if section[1] != SYMBOL_TABLE:
            continue
        strings = sections[section[6]][4]
        for offset in range(section[4], section[4] + section[5], 24):
            name, info, _, index, value, _ = struct.unpack_from("<IBBHQQ", data, offset)
            text = data[strings + name:data.index(b"\0", strings + name)].decode()
            if text == "__image_start":
                start = value
            if info & 15 == FUNCTION and 0 < index < RESERVED_INDEX:
                functions.setdefault(value, text)
    return start, functions


def write_table(path, start, functions):
    """The table as assembly source."""
    addresses = sorted(functions)
    lines = ['.section .kiln.symbols, "a"', f".long {len(addresses)}"]
    lines += [f".long {address - start:#x}" for address in addresses]
    lines += [f'.asciz "{functions[address]}"' for address in addresses]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def compiler_of(command):
    """The compiler and those of its options that choose the target."""
    return [command[0]] + [word for word in command if word.startswith("--target=")]


def run(command):
    """Its exit status. By the least that Python can load: each image that is built waits for it."""
    return os.spawnvp(os.P_WAIT, command[0], command)


def main():
    """Links twice; ends with the linker's status."""
    command = sys.argv[1:]
    output = command[command.index("-o") + 1]
    status = run(command + ["-Wl,--strip-debug"])
    if status:
        return status
    source, table = output + ".symbols.s", output + ".symbols.o"
    write_table(source, *read_elf_functions(output))
    status = run(compiler_of(command) + ["-c", source, "-o", table])
    if not status:
        status = run(command + [table])
    if status and os.path.exists(output):
        os.unlink(output)
    return status


if __name__ == "__main__":
    sys.exit(main())
