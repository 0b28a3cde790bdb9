#!/usr/bin/python3
"""Every board, with checks and without, for one CPU and several, builds by gcc without warning."""

import _builds

_builds.main("aarch64-linux-gnu-")
