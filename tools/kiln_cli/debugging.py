"""./kiln debug: gdb on an image that waits in QEMU."""

import os
import time

from . import apps, boards, installing, packages
from .failure import Failure
from .places import BuildFolder, in_root
from .qemu import DEFAULT_GDB_PORT
from .report import say_command

STARTING_SECONDS = 2


def attach(chosen):
    """Becomes gdb, connected and stopped at main."""
    board = boards.load(chosen.board)
    elf = built_elf(BuildFolder(chosen.build_dir).of_app(board, apps.find(chosen.app).name),
                    chosen.app, board)
    installing.ensure(packages.DEBUG, verbose=chosen.verbose)
    port = chosen.port or DEFAULT_GDB_PORT
    check_listener(port, chosen.app, board)
    command = gdb_command(elf, port, chosen.program_words)
    say_command(command, chosen.verbose)
    os.execvp(command[0], command)


def built_elf(tree, word, board):
    from .building import APP_LIST

    try:
        with open(os.path.join(tree, APP_LIST), encoding="utf-8") as file:
            name = file.read().split()[0]
        elf = os.path.join(tree, f"{name}.elf")
        os.stat(elf)
        return elf
    except (OSError, IndexError):
        raise Failure(f"{word} is not built for {board.name}; start it first: "
                      f"./kiln run {word} -b {board.name} --debug") from None


def check_listener(port, word, board):
    """QEMU's gdb server takes one connection: ask the system who listens instead of connecting."""
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline:
        if port in listening_ports():
            return
        time.sleep(0.1)
    raise Failure(f"nothing waits for gdb on port {port}; start it in another terminal: "
                  f"./kiln run {word} -b {board.name} --debug --port {port}")


def listening_ports():
    """TCP ports of this machine that somebody listens on (Linux's /proc/net/tcp)."""
    listen = "0A"
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as file:
                rows = [line.split() for line in file.readlines()[1:]]
        except OSError:
            continue
        found.update(int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == listen)
    return found


def gdb_command(elf, port, gdb_words):
    """Words for gdb come last, so that a script finds the program stopped at main."""
    steps = ["set confirm off", f"target remote 127.0.0.1:{port}", "break main", "continue"]
    command = ["gdb-multiarch", "-q", "-x", in_root("tools", "gdb", "kiln_gdb.py"), elf]
    for step in steps:
        command += ["-ex", step]
    return command + gdb_words
