"""Runs an image in QEMU without a user: its output as bytes, for tests and measurements."""

import subprocess
import time

from . import qemu
from .children import Child
from .console import InputQuoter
from .failure import Failure
from .session import Session, TerminalInput


class Captured:
    """What a run gave: the exit status, what was printed, and whether time ran out."""

    def __init__(self, status, output, timed_out=False):
        self.status = status
        self.output = output
        self.timed_out = timed_out

    def text(self):
        return self.output.decode(errors="replace")


class CapturingSession(Session):
    """Keeps the output, and feeds the input from memory."""

    def __init__(self, process, elf, addr2line, data, host):
        quoter = TerminalInput() if host == "tty" else InputQuoter()
        super().__init__(process, elf, addr2line, None, None, quoter)
        self.output = b""
        self.pending = self.quoter.feed(data) + self.quoter.end()

    def _pass_on(self, data):
        self.output += data


def run(built, options, timeout, data=b"", host="pipe", began=None):
    """
    One run to its end or to the time limit, with `data` as standard input: quoted as from a pipe,
    or with host "tty" as a person types it. `began` gets the session, whose output grows meanwhile.
    """
    board = built.request.board
    launch = qemu.Launch(board, built.image, built.configuration, options, host, built.tree)
    with launch, Child(launch.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, bufsize=0) as process:
        session = CapturingSession(process, built.elf, built.addr2line(), data, host)
        if began:
            began(session)
        try:
            qemu_status = session.run(time.monotonic() + timeout)
        except Failure as late:
            return Captured(late.status, session.output + session.ready.end(), timed_out=True)
        finally:
            session.close()
        return ended(launch, qemu_status, session.output)


def ended(launch, qemu_status, output):
    """What a run gave that came to its end; a QEMU that failed says so below the output."""
    try:
        return Captured(launch.exit_status(qemu_status), output)
    except Failure as failure:
        return Captured(failure.status, output + f"kiln: {failure}\n".encode())
