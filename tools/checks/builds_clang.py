#!/usr/bin/python3
"""The same by clang with lld; and what it builds runs on every board."""

import os

from _support import BOARDS, ROOT, run

import _builds


def check_runs(writer):
    for board in BOARDS:
        status, output = run([os.path.join(ROOT, "kiln"), "run", "hello", "--toolchain", "clang",
                              "--config", "UBSAN=1", "-b", board, "--timeout", "20"])
        writer.point(status == 0 and f"Hello from Kiln on {board}!" in output,
                     f"{board}: hello by clang, with UBSAN=1, runs", output)


_builds.main("clang", check_runs)
