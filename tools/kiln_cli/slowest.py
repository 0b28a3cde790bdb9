"""What of `./kiln test` takes long."""

import re

from .report import say

SHOWN = 5
# Of CPU time; a test that takes longer is several, or waits for being made faster.
MOST_SECONDS = 60
TOLD = re.compile(r"^# ([0-9]+\.[0-9]) s of CPU time$", re.MULTILINE)


class Times:
    """From start to end of each test, and of CPUs where its driver tells it (tools/timed.py)."""

    def __init__(self):
        self.tests = []

    def add(self, name, seconds, output):
        told = TOLD.findall(output)
        self.tests.append((seconds, float(told[-1]) if told else None, name))

    def too_long(self):
        """The tests that should not take as long as they do, longest first."""
        return sorted(((cpu, name) for _, cpu, name in self.tests
                       if cpu is not None and cpu > MOST_SECONDS), reverse=True)

    def tell(self, seconds):
        """How long all of it took, and the slowest."""
        print(f"{len(self.tests)} tests took {duration(seconds)}, the slowest:")
        for took, cpu, name in sorted(self.tests, key=lambda test: -test[0])[:SHOWN]:
            of_it = "" if cpu is None else f", {cpu:.1f} s of CPU time"
            print(f"  {name}: {took:.0f} s{of_it}")
        for cpu, name in self.too_long():
            say(f"{name} took {cpu:.0f} s of CPU time, more than {MOST_SECONDS} s: "
                "split it, or make it faster")


def duration(seconds):
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
