#!/usr/bin/python3
"""Builds a C library that comes as sources, and the runtime above it: BOARD LIBC."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from kiln_cli import children, testing  # noqa: E402  (the path above comes first)
from kiln_cli.failure import Failure  # noqa: E402

children.stop_on_signals()
try:
    testing.build_library(*sys.argv[1:])
except Failure as failure:
    sys.exit(f"kiln: {failure}")
