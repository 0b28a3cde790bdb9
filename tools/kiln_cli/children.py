"""Child processes: none outlives the command, whatever ends it."""

import os
import signal
import subprocess

from .failure import Stopped

PATIENCE_SECONDS = 3


class Start:
    """While a child is being started a signal waits, so that the child is known when it acts."""

    running = False
    signal_number = None


def stop_on_signals():
    """SIGTERM, SIGHUP and ^C unwind the command once, so that children are ended."""
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)

    def stop(number, frame):
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        if not Start.running:
            raise Stopped(number)
        Start.signal_number = number

    for number in numbers:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)


class Child:
    """A child in a process group of its own: ^C reaches it only through end()."""

    def __init__(self, command, **options):
        Start.running = True
        try:
            self.process = subprocess.Popen(command, start_new_session=True, **options)
        finally:
            Start.running = False
        if Start.signal_number:
            self.end()
            raise Stopped(Start.signal_number)

    def __enter__(self):
        return self.process

    def __exit__(self, *error):
        self.end()

    def end(self):
        """Terminates it and what it started; waits until it is gone."""
        if self.process.poll() is None:
            self._signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                close_quietly(stream)

    def _signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass


def close_quietly(stream):
    try:
        stream.close()
    except OSError:
        pass
