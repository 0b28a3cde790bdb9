"""How a command fails: one clear message and the exit status that docs/command-line.md names."""

WRONG_USAGE = 2
BUILD_FAILED = 3
TIMED_OUT = 124
INTERRUPTED = 130
PANICKED = 134


class Failure(Exception):
    """Ends the command with a message on standard error and an exit status."""

    def __init__(self, message, status=WRONG_USAGE):
        super().__init__(message)
        self.status = status


class Stopped(BaseException):
    """A signal asked the command to end; children are ended on the way out."""

    def __init__(self, signal_number):
        super().__init__(signal_number)
        self.signal_number = signal_number


def near_matches(name, known):
    """' (did you mean x?)' or nothing."""
    import difflib

    near = difflib.get_close_matches(name, known, 2, 0.6)
    return f" (did you mean {' or '.join(near)}?)" if near else ""
