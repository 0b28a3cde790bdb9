"""Instruction sets: the facts of arch/ISA/isa.json that the command line needs."""

import json

from .places import in_root


class Isa:
    """One isa.json; docs/porting-isa.md explains the keys."""

    def __init__(self, name, facts):
        self.name = name
        self.prefix = facts["prefix"]
        self.clang_target = facts["clang_target"]
        self.libc = facts["libc"]

    def tool(self, name):
        """A program of the default toolchain, such as aarch64-linux-gnu-gcc."""
        return self.prefix + name

    def toolchain_file(self):
        return in_root("cmake", f"toolchain-{self.name}.cmake")


def load(name):
    with open(in_root("arch", name, "isa.json"), encoding="utf-8") as file:
        return Isa(name, json.load(file))
