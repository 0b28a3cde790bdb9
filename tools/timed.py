#!/usr/bin/python3
"""Runs a Python program, SCRIPT WORD..., which at its end prints what CPU time it has taken."""

import atexit
import os
import resource
import runpy
import sys


def tell():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = sum(each.ru_utime + each.ru_stime for each in used)
    print(f"# {seconds:.1f} s of CPU time", flush=True)


atexit.register(tell)
sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name="__main__")
