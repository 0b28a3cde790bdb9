"""Adds ` at file:line` to backtraces of panics and checkers as they pass by; no more is touched."""

import os
import re
import subprocess

PANIC = b"kiln: panic:"
FOUND = re.compile(rb"kiln: [a-z-]+: ")  # by a checker: lists of return addresses may follow
FRAME = re.compile(rb"    (0x[0-9a-f]{16}) \S")
DISCRIMINATOR = re.compile(r" \(discriminator \d+\)$")
LONGEST_LINE_BYTES = 4096


class SourceLines:
    """One addr2line process that is asked address by address."""

    def __init__(self, program, elf):
        self.command = [program, "-e", elf]
        self.process = None

    def _ask(self, address):
        if self.process is None:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                            start_new_session=True)
        self.process.stdin.write(b"%#x\n" % address)
        self.process.stdin.flush()
        return self.process.stdout.readline().decode(errors="replace").strip()

    def at(self, address):
        """'file.c:123', or None when the ELF does not say."""
        try:
            answer = DISCRIMINATOR.sub("", self._ask(address))
        except OSError:
            return None
        path, colon, line = answer.rpartition(":")
        if not colon or path.startswith("??") or not line.isdigit() or line == "0":
            return None
        near = os.path.relpath(path) if os.path.isabs(path) else path
        return f"{path if near.startswith('../..') else near}:{line}"

    def close(self):
        if self.process is None:
            return
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()
        self.process = None


class PanicFilter:
    """Streams bytes through; keeps only a copy of the line that is being printed."""

    def __init__(self, source_lines):
        self.source_lines = source_lines
        self.line = b""
        self.held = b""
        self.in_report = False
        self.first_frame = True

    def feed(self, data):
        data, self.held = self.held + data, b""
        if self.in_report and data.endswith(b"\r"):
            data, self.held = data[:-1], b"\r"
        pieces = data.split(b"\n")
        shown = []
        for piece in pieces[:-1]:
            self.line = (self.line + piece)[:LONGEST_LINE_BYTES]
            shown.append(self._finish(piece))
            self.line = b""
        self.line = (self.line + pieces[-1])[:LONGEST_LINE_BYTES]
        shown.append(pieces[-1])
        return b"\n".join(shown)

    def end(self):
        """What is still held when the output ends."""
        rest, self.held = self.held, b""
        return rest

    def _finish(self, piece):
        """The rest of a line that has now come to its end."""
        if self.line.startswith(PANIC):
            self.in_report = True
        elif FOUND.match(self.line):
            self.in_report, self.first_frame = True, False
        elif self.in_report and self.line.strip() == b"backtrace:":
            self.first_frame = True
        elif self.in_report and FRAME.match(self.line):
            end = b"\r" if piece.endswith(b"\r") else b""
            return piece[:len(piece) - len(end)] + self._place() + end
        return piece

    def _place(self):
        address = int(FRAME.match(self.line).group(1), 16)
        place = self.source_lines.at(address if self.first_frame else address - 1)
        self.first_frame = False
        return f" at {place}".encode(errors="replace") if place else b""
