"""Images that run while a test looks at the machine, or pokes it, through QEMU's monitor."""

import contextlib
import json
import os
import socket
import threading
import time

from support import build_folder

from kiln_cli import apps, boards, building, capture, configuration, qemu, target_tests
from kiln_cli.places import BuildFolder

SECONDS = 60
TEXT_MEMORY, TEXT_BYTES, COLUMNS, TEXT_ROWS = 0xB8000, 0x8000, 80, 25


class Monitor:
    """QEMU's machine protocol (QMP): one JSON object a line."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(SECONDS)
        patiently(lambda: self._connect(path))
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.lines.readline()
        self.command("qmp_capabilities")

    def _connect(self, path):
        try:
            self.socket.connect(path)
        except OSError:
            return False
        return True

    def command(self, name, **arguments):
        """What QEMU answers; EOFError when it has ended."""
        text = json.dumps({"execute": name, "arguments": arguments}) + "\n"
        try:
            self.socket.sendall(text.encode())
            for line in self.lines:
                answer = json.loads(line)
                if "error" in answer:
                    raise RuntimeError(answer["error"]["desc"])
                if "return" in answer:
                    return answer["return"]
        except OSError:
            pass
        raise EOFError("QEMU has ended")

    def human(self, line):
        """What the monitor for people prints."""
        return self.command("human-monitor-command", **{"command-line": line})

    def memory(self, physical, count, folder):
        """Bytes of the machine's memory."""
        path = os.path.join(folder, "memory")
        self.command("pmemsave", val=physical, size=count, filename=path)
        with open(path, "rb") as file:
            return file.read()

    def text(self, folder):
        """Rows of VGA text memory that are not empty."""
        memory = self.memory(TEXT_MEMORY, TEXT_BYTES, folder)
        rows = (memory[at:at + 2 * COLUMNS:2].decode("latin-1").rstrip()
                for at in range(0, TEXT_BYTES - 2 * COLUMNS + 1, 2 * COLUMNS))
        return [row for row in rows if row]

    def quit(self):
        with contextlib.suppress(EOFError):
            self.command("quit")
        self.close()

    def close(self):
        self.lines.close()
        self.socket.close()


def patiently(condition, seconds=SECONDS // 2):
    """What the condition says once it is true, or at the end of the time."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result or time.monotonic() > end:
            return result
        time.sleep(0.05)


class Machine:
    """
    Builds a program and runs it in QEMU: `with Machine(...) as machine:`. Leaving the block ends
    QEMU, if the program has not ended by then; machine.result is what the run gave.
    """

    def __init__(self, test, source, board="pc", machine_arguments=(), settings=(), smp=1,
                 **options):
        app = apps.find(source)
        request = building.Request(app, boards.load(board),
                                   configuration.choose(list(settings), checks=True, smp=smp),
                                   BuildFolder(build_folder()), tree_name=f"boot-{app.name}")
        self.built = building.build(request)
        self.folder = test.folder
        self.socket = test.path("monitor")
        self.error_log = test.path("errors")
        self.options = qemu.RunOptions(
            machine_arguments=["-qmp", f"unix:{self.socket},server=on,wait=off",
                               *machine_arguments],
            error_log=self.error_log, smp=smp, **options)
        self.thread = threading.Thread(target=self._run)
        self.result = self.monitor = self.session = None

    def _run(self):
        self.result = capture.run(self.built, self.options, SECONDS, began=self._began)

    def _began(self, session):
        self.session = session

    def __enter__(self):
        self.thread.start()
        self.monitor = Monitor(self.socket)
        return self

    def __exit__(self, *error):
        self.monitor.quit()
        self.thread.join(SECONDS)
        self.built.lock.release()

    def printed(self, text):
        """Waits until the program has printed that."""
        return patiently(lambda: self.ended() or self._has(text)) and not self.ended()

    def _has(self, text):
        """QEMU's monitor may answer before the program's session begins."""
        return self.session is not None and text in self.session.output

    def ended(self):
        return not self.thread.is_alive()

    def complaints(self):
        """What QEMU minds of what the program has done, but for what the board's list lets pass."""
        allowed = target_tests.allowed_lines(self.built.request.board.name)
        return target_tests.unexpected_lines(target_tests.log_lines(self.error_log), allowed)
