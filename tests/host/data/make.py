#!/usr/bin/python3
"""Makes the device trees in this folder anew, from QEMU: they are what the tests read.

QEMU's trees claim 1 MiB; each is cut to what it uses. Its random seeds and the bytes between
values, which are what they happen to be, are set so that making it again gives the same file.
"""

import os
import struct
import subprocess
import tempfile

FOLDER = os.path.dirname(os.path.realpath(__file__))
TREES = {
    "virt-gicv2.dtb": ["-M", "virt,gic-version=2", "-smp", "1", "-m", "512"],
    "virt-gicv3.dtb": ["-M", "virt,gic-version=3,secure=on,virtualization=on",
                       "-smp", "4", "-m", "6144"],
}
HEADER = struct.Struct(">10I")
SEEDS = {b"rng-seed": bytes(range(1, 33)), b"kaslr-seed": bytes(range(0x41, 0x49))}


def dump(arguments):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "tree")
        machine = [arguments[0], arguments[1] + ",dumpdtb=" + file]
        subprocess.run(["qemu-system-aarch64", *machine, *arguments[2:], "-cpu", "cortex-a53",
                        "-nic", "none", "-kernel", os.devnull, "-append", "smp=1 -- one two"],
                       check=True, timeout=20, stderr=subprocess.DEVNULL)
        with open(file, "rb") as tree:
            return bytearray(tree.read())


def cut(tree):
    (magic, _, structure, strings, reservation, version, compatible, cpu, strings_bytes,
     structure_bytes) = HEADER.unpack_from(tree)
    used = max(structure + structure_bytes, strings + strings_bytes)
    HEADER.pack_into(tree, 0, magic, used, structure, strings, reservation, version, compatible,
                     cpu, strings_bytes, structure_bytes)
    return tree[:used]


def fix_random_bytes(tree):
    """Walks the structure block, whose tokens are those of the specification, 5.4.1."""
    header = HEADER.unpack_from(tree)
    at, strings = header[2], header[3]
    while True:
        token, = struct.unpack_from(">I", tree, at)
        at += 4
        if token == 1:
            at = (tree.index(0, at) + 4) & ~3
        elif token == 3:
            size, name = struct.unpack_from(">II", tree, at)
            name = bytes(tree[strings + name:tree.index(0, strings + name)])
            if name in SEEDS:
                tree[at + 8:at + 8 + size] = SEEDS[name][:size]
            at += 8 + size
            tree[at:(at + 3) & ~3] = bytes(-at % 4)
            at = (at + 3) & ~3
        elif token == 9:
            return


for file_name, qemu_arguments in TREES.items():
    data = cut(dump(qemu_arguments))
    fix_random_bytes(data)
    with open(os.path.join(FOLDER, file_name), "wb") as out:
        out.write(data)
