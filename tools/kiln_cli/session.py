"""One run of an image in QEMU: its serial line, its time limit and its end."""

import os
import select
import signal
import subprocess
import time
from contextlib import ExitStack

from .children import Child
from .console import InputQuoter, ReadyFilter
from .failure import BUILD_FAILED, Failure, TIMED_OUT
from .panics import PanicFilter, SourceLines
from .terminal import GuestTerminal, is_terminal

CHUNK_BYTES = 65536
SHOWN_LINES = 10
BROKEN_PIPE = 128 + signal.SIGPIPE


class TerminalInput:
    """Keys go to the guest as they are; the guest's console edits them."""

    @staticmethod
    def feed(data):
        return data

    @staticmethod
    def end():
        return b"\x04"


class Session:
    """Moves bytes between QEMU's serial line and the two ends of the user's console."""

    def __init__(self, process, elf, addr2line, source, sink, quoter):
        self.process = process
        self.serial_in = process.stdin.fileno()
        self.serial_out = process.stdout.fileno()
        self.errors = process.stderr.fileno()
        self.source = source
        self.sink = sink
        self.quoter = quoter
        self.ready = ReadyFilter()
        self.source_lines = SourceLines(addr2line, elf)
        self.panics = PanicFilter(self.source_lines)
        self.pending = b""
        self.last_output = b""
        self.error_text = b""
        self.on_ready = None
        os.set_blocking(self.serial_in, False)

    def run(self, deadline):
        """Until QEMU ends; its exit status. Failure when the deadline passes first."""
        open_outputs = {self.serial_out, self.errors}
        while open_outputs:
            for descriptor in self._wait(open_outputs, deadline):
                if descriptor == self.source:
                    self._take_input()
                elif descriptor == self.serial_in:
                    self._send_input()
                elif not self._take_output(descriptor):
                    open_outputs.discard(descriptor)
            if deadline is not None and time.monotonic() >= deadline:
                raise Failure(self._late_message(), TIMED_OUT)
        self._show(self.ready.end())
        self._pass_on(self.panics.end())
        return self.process.wait()

    def _wait(self, outputs, deadline):
        poll = select.poll()
        for descriptor in outputs:
            poll.register(descriptor, select.POLLIN)
        if self.ready.ready and self.pending:
            poll.register(self.serial_in, select.POLLOUT)
        elif self.ready.ready and self.source is not None:
            poll.register(self.source, select.POLLIN)
        left = None if deadline is None else max(0, deadline - time.monotonic()) * 1000 + 1
        return [descriptor for descriptor, _ in poll.poll(left)]

    def _take_input(self):
        try:
            data = os.read(self.source, CHUNK_BYTES)
        except OSError:
            data = b""
        self.pending += self.quoter.feed(data) if data else self.quoter.end()
        if not data:
            self.source = None
        self._send_input()

    def _send_input(self):
        try:
            sent = os.write(self.serial_in, self.pending)
        except BlockingIOError:
            sent = 0
        except BrokenPipeError:
            sent, self.source = len(self.pending), None
        self.pending = self.pending[sent:]

    def _take_output(self, descriptor):
        data = os.read(descriptor, CHUNK_BYTES)
        if descriptor == self.errors:
            self.error_text = (self.error_text + data)[-CHUNK_BYTES:]
            write_all(2, data)
            return bool(data)
        self.last_output = (self.last_output + data)[-CHUNK_BYTES:]
        self._show(self.ready.feed(data))
        if self.ready.ready and self.on_ready:
            self.on_ready()
            self.on_ready = None
        return bool(data)

    def _show(self, data):
        if data:
            self._pass_on(self.panics.feed(data))

    def _pass_on(self, data):
        write_all(self.sink, data)

    def _late_message(self):
        lines = self.last_output.decode(errors="replace").splitlines()[-SHOWN_LINES:]
        if not lines:
            return "timed out, and the image had printed nothing"
        return "timed out; the last output was:\n" + "\n".join("    " + line for line in lines)

    def close(self):
        self.source_lines.close()


def write_all(descriptor, data):
    while data:
        try:
            data = data[os.write(descriptor, data):]
        except BlockingIOError:
            select.select([], [descriptor], [])


def console_ends(descriptors=(0, 1)):
    """('tty' or 'pipe', quoter): who owns the guest's console."""
    if all(is_terminal(descriptor) for descriptor in descriptors):
        return "tty", TerminalInput()
    return "pipe", InputQuoter()


def interact(launch, elf, addr2line, host, quoter, timeout=None, on_ready=None):
    """Runs QEMU on the user's own input and output; the exit status of the program."""
    with ExitStack() as stack:
        stack.enter_context(launch)
        process = stack.enter_context(Child(launch.command, stdin=subprocess.PIPE, bufsize=0,
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        session = Session(process, elf, addr2line, 0, 1, quoter)
        stack.callback(session.close)
        session.on_ready = on_ready
        if host == "tty":
            stack.enter_context(GuestTerminal(0))
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            status = session.run(deadline)
        except BrokenPipeError:
            return BROKEN_PIPE
        if status == 1 and session.error_text and not session.last_output:
            raise Failure("QEMU could not start the image", BUILD_FAILED)
        return launch.exit_status(status)
