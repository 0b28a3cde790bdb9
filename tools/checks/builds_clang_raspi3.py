#!/usr/bin/python3
"""Every kind of runtime for raspi3 builds by clang without a warning; see _builds.py."""

import _builds

_builds.main("clang", "raspi3")
