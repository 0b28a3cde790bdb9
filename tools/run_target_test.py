#!/usr/bin/python3
"""Runs one test of tests/target, as ctest asks for it: TEST-NAME, or --log-entries BOARD."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from kiln_cli import children, target_tests  # noqa: E402  (the path above comes first)
from kiln_cli.failure import Failure  # noqa: E402


def main(words):
    children.stop_on_signals()
    try:
        if words[0] == "--log-entries":
            return target_tests.check_entries_occur(words[1], None)
        return target_tests.execute(words[0], None)
    except Failure as failure:
        print(f"not ok 1 - {failure}")
        return failure.status


sys.exit(main(sys.argv[1:]))
