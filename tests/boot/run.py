#!/usr/bin/python3
"""Runs one module of tests/boot and prints TAP, which `./kiln test` counts: MODULE [PATTERN]."""

import os
import sys
import traceback
import unittest

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))


class TapResult(unittest.TestResult):
    """One point for each test method."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def point(self, holds, test, details=""):
        self.count += 1
        what = test.shortDescription() or str(test)
        print(f"{'' if holds else 'not '}ok {self.count} - {what}")
        for line in details.splitlines():
            print(f"# {line}")
        sys.stdout.flush()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.point(True, test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.point(False, test, "".join(traceback.format_exception(*err)))

    def addError(self, test, err):
        super().addError(test, err)
        self.point(False, test, "".join(traceback.format_exception(*err)))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self.point(False, subtest, "".join(traceback.format_exception(*err)))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.errors.append((test, reason))
        self.point(False, test, f"a test must not be skipped: {reason}")


def main(module, pattern=None):
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{pattern}*"] if pattern else None
    suite = loader.loadTestsFromName(module)
    result = TapResult()
    suite.run(result)
    print(f"1..{result.count}")
    return 0 if result.wasSuccessful() and result.count else 1


sys.exit(main(*sys.argv[1:3]))
