"""
The host's end of the guest's serial line. The guest says that its console is up by an escape
sequence; what comes before is noise of the firmware. Input is quoted so that every byte arrives
as it is, and its end is a ^D.
"""

READY = b"\x1b]kiln;ready\x07"
PANIC = b"kiln: panic:"
END_OF_INPUT = b"\x04"
QUOTE = b"\x16"
# What the guest's line mode would act on: ^C ^D BS ^U ^V ^W DEL and carriage return.
SPECIAL = frozenset(b"\x03\x04\x08\r\x15\x16\x17\x7f")
NOISE_KEPT_BYTES = 64 * 1024


def quoted(data):
    """Input bytes as they travel: ^V before each one that the guest's console would act on."""
    if SPECIAL.isdisjoint(data):
        return data
    return b"".join(QUOTE + bytes((b,)) if b in SPECIAL else bytes((b,)) for b in data)


class InputQuoter:
    """Turns a pipe's bytes into what the guest's console reads back as the same bytes."""

    def __init__(self):
        self.line_started = False

    def feed(self, data):
        if data:
            self.line_started = not data.endswith(b"\n")
        return quoted(data)

    def end(self):
        """Within a line the first ^D hands over what is there and the second one is the end."""
        return END_OF_INPUT * (2 if self.line_started else 1)


class ReadyFilter:
    """Passes what the guest prints after its console is up, or from a panic before that."""

    def __init__(self):
        self.ready = False
        self.panicked = False
        self.held = b""

    def feed(self, data):
        """The bytes to show now."""
        if self.ready or self.panicked:
            return data
        self.held = (self.held + data)[-NOISE_KEPT_BYTES:]
        before, mark, after = self.held.partition(READY)
        if mark:
            self.ready, self.held = True, b""
            return after
        start = before.find(PANIC)
        if start < 0:
            return b""
        self.panicked, self.held = True, b""
        return before[start:]

    def end(self):
        """What is still held when the guest ends without ever having been ready."""
        rest, self.held = self.held, b""
        return rest
