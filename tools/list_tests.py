#!/usr/bin/python3
"""Writes the list of tests that tests/CMakeLists.txt includes: FILE."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from kiln_cli import testing  # noqa: E402  (the path above comes first)
from kiln_cli.failure import Failure  # noqa: E402

try:
    testing.write_list(sys.argv[1])
except Failure as failure:
    sys.exit(f"kiln: {failure}")
