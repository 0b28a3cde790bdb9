"""TAP, the Test Anything Protocol: what test images and test drivers print."""

import re

POINT = re.compile(r"(not )?ok\b(?: +([0-9]+))?(.*)")
PLAN = re.compile(r"1\.\.([0-9]+)\s*$")
DIRECTIVE = re.compile(r"#\s*(skip|todo)", re.IGNORECASE)


class Report:
    """The points of an output."""

    def __init__(self, text):
        self.passed = self.failed = 0
        self.plans = []
        self.problems = []
        for line in text.splitlines():
            self._take(line)

    def _take(self, line):
        plan = PLAN.match(line)
        if plan:
            self.plans.append(int(plan.group(1)))
        elif line.startswith("Bail out!"):
            self.problems.append(line)
        else:
            point = POINT.match(line)
            if point:
                self._take_point(point)

    def _take_point(self, point):
        negative, number, rest = point.groups()
        if negative or DIRECTIVE.search(rest):
            self.failed += 1
        else:
            self.passed += 1
        if number and int(number) != self.points():
            self.problems.append(f"point {self.points()} has number {number}")

    def points(self):
        return self.passed + self.failed

    def check_plan(self):
        """What is wrong with the plan, in words; nothing when all its points came."""
        if len(self.plans) != 1:
            yield f"{len(self.plans)} plans instead of one: it ended before its plan"
        elif self.plans[0] != self.points():
            yield f"{self.points()} points, but the plan says {self.plans[0]}"
        yield from self.problems


class Writer:
    """Prints points of a driver's own, after what it has passed on."""

    def __init__(self, count=0):
        self.count = count
        self.failures = 0

    def point(self, holds, what, details=""):
        self.count += 1
        self.failures += not holds
        print(f"{'' if holds else 'not '}ok {self.count} - {what}")
        for line in "" if holds else details.splitlines():
            print(f"# {line}")

    def plan(self):
        print(f"1..{self.count}", flush=True)
