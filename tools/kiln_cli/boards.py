"""Boards: the facts of board/NAME/board.json that the command line needs."""

import functools
import json
import os
import re

from . import isas
from .failure import Failure, near_matches
from .places import in_root

DEFAULT = "raspi3"


class Board:
    """One board.json; docs/porting-board.md explains the keys."""

    def __init__(self, name, facts):
        self.name = name
        self.description = facts["description"]
        self.isa = isas.load(facts["isa"])
        self.load_address = int(facts["load_address"], 0)
        self.kernel = facts["kernel"]
        self.cpus = facts["cpus"]
        self.config = {key: str(value) for key, value in facts["config"].items()}
        self.qemu = facts["qemu"]
        self.image = facts.get("image")

    def machines(self):
        """Names of QEMU's machines that the board's images run on; the first is the default."""
        return [re.match("[^, ]+", machine).group() for machine in self.qemu["machines"]]

    def machine(self, configuration, name=None):
        """What follows QEMU's -M under a configuration, for the default machine or the named."""
        names = self.machines()
        if name is not None and name not in names:
            raise Failure(f"{self.name} has no machine {name!r}{near_matches(name, names)}; "
                          f"--machine takes {', '.join(names)}")
        chosen = self.qemu["machines"][names.index(name) if name else 0]
        return chosen.format(**{**self.config, **configuration}).split()

    def console_is_second_serial(self, configuration):
        wanted = self.qemu.get("second_serial", {})
        return any(configuration.get(key) == str(value) for key, value in wanted.items())


def names(isa=None):
    """All boards, or those of an ISA."""
    return [name for name in found() if isa is None or load_known(name).isa.name == isa]


@functools.lru_cache(maxsize=None)
def found():
    folder = in_root("board")
    return tuple(sorted(
        name for name in os.listdir(folder)
        if os.path.isfile(os.path.join(folder, name, "board.json"))
    ))


def load(name):
    if name not in names():
        raise Failure(f"no board {name!r}{near_matches(name, names())}; "
                      f"boards: {', '.join(names())}")
    return load_known(name)


@functools.lru_cache(maxsize=None)
def load_known(name):
    with open(in_root("board", name, "board.json"), encoding="utf-8") as file:
        return Board(name, json.load(file))


def print_table():
    rows = [("board", "processor", "CPUs", "QEMU", "what it is")]
    for name in names():
        board = load(name)
        default = " (default)" if name == DEFAULT else ""
        qemu = f"{', '.join(board.machines())}; {board.qemu['minimum_version']} or later"
        rows.append((name, board.isa.name, str(board.cpus), qemu, board.description + default))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)) + "  " + row[4])
