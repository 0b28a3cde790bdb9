#!/usr/bin/python3
"""Every kind of runtime for pc builds by clang without a warning; see _builds.py."""

import _builds

_builds.main("clang", "pc")
