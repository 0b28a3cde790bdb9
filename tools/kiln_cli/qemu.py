"""The QEMU command for an image on a board, and the exit status that a run has."""

import contextlib
import os
import re
import socket
import subprocess

from . import words
from .failure import BUILD_FAILED, Failure, WRONG_USAGE

DEFAULT_GDB_PORT = 1234
# In a board's arguments for QEMU: the file that the exit status is written to.
STATUS_FILE = "{STATUS_FILE}"


class RunOptions:
    """How an image is started; every field has the default of an ordinary run."""

    def __init__(self, arguments=(), smp=None, icount=False, debug_port=None, error_log=None,
                 own_words=(), machine_arguments=(), machine=None):
        self.arguments = list(arguments)
        self.smp = smp
        self.icount = icount
        self.debug_port = debug_port
        self.error_log = error_log
        self.own_words = list(own_words)
        self.machine_arguments = list(machine_arguments)
        self.machine = machine


class Launch:
    """The words of QEMU's command line, and where the program's exit status is found."""

    def __init__(self, board, image, configuration, options, host, scratch_folder):
        """`host` is what owns the serial line: pipe or tty."""
        # Beside the app's folder, which another command may make anew meanwhile.
        self.status_file = os.path.join(os.path.dirname(scratch_folder),
                                        f".exit-status-{os.getpid()}")
        self.status_is_in_file = any(STATUS_FILE in word for word in board.qemu["arguments"])
        self.command = command(board, image, configuration, options, host, scratch_folder,
                               self.status_file)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.status_file)

    def exit_status(self, qemu_status):
        """
        The program's: by semihosting it is QEMU's own; otherwise the image has written it to the
        file, unless it just switched the machine off, which is status 0.
        """
        if qemu_status < 0:
            raise Failure(f"QEMU was ended by signal {-qemu_status}", 128 - qemu_status)
        told = self.told() if self.status_is_in_file else b""
        if told:
            return told[-1]
        if self.status_is_in_file and qemu_status != 0:
            raise Failure(f"QEMU ended with status {qemu_status} before the image told its own",
                          BUILD_FAILED)
        return qemu_status

    def told(self):
        """The bytes that the image has written to the status file."""
        try:
            with open(self.status_file, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""


def installed_version(program):
    """(major, minor, ...), or () when it cannot be started."""
    try:
        text = subprocess.run([program, "--version"], capture_output=True, text=True,
                              check=False).stdout
    except OSError:
        return ()
    found = re.search(r"version ([0-9.]+)", text)
    return tuple(int(part) for part in found.group(1).strip(".").split(".")) if found else ()


def minimum_version(board):
    return tuple(int(part) for part in board.qemu["minimum_version"].split("."))


def ensure(board, verbose=False, other_needs=()):
    """Installs QEMU, or a newer one, when the board needs it, and what else is needed with it."""
    from . import installing

    program = board.qemu["program"]
    version = installed_version(program)
    if version >= minimum_version(board):
        return
    needs = (program, *other_needs)
    installing.ensure(needs, board, qemu_is_old=bool(version), verbose=verbose)
    version = installed_version(program)
    if version < minimum_version(board):
        found = ".".join(map(str, version)) or "none"
        raise Failure(f"{board.name} needs QEMU {board.qemu['minimum_version']} or later; "
                      f"{program} here is {found}", BUILD_FAILED)


def check_cpus(board, smp):
    if smp is not None and not 1 <= smp <= board.cpus:
        raise Failure(f"{board.name} has {board.cpus} CPUs: --smp takes 1 to {board.cpus}")


def check_port(port):
    """A port that somebody listens on is refused before QEMU is started."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Failure(f"port {port} for gdb cannot be used: {error.strerror}; "
                          "choose another by --port", WRONG_USAGE) from error


def command(board, image, configuration, options, host, scratch_folder, status_file):
    """The words of QEMU's command line."""
    own = [f"host={host}"] + options.own_words
    if options.smp is not None:
        own.append(f"smp={options.smp}")
    arguments = words.boot_arguments(own, options.arguments)
    result = [board.qemu["program"], "-M", *board.machine(configuration, options.machine)]
    result += [word.replace(STATUS_FILE, status_file.replace(",", ",,"))
               for word in board.qemu["arguments"]]
    result += options.machine_arguments
    if board.qemu["smp_option"] and options.smp is not None:
        result += ["-smp", str(options.smp)]
    result += ["-kernel", image, "-append", arguments]
    result += device_tree_if_long(board, arguments, scratch_folder)
    result += ["-display", "none", "-monitor", "none"]
    if board.console_is_second_serial(configuration):
        result += ["-serial", "null"]
    result += ["-serial", "stdio"]
    return result + debugging_arguments(options)


def debugging_arguments(options):
    result = []
    if options.icount:
        result += ["-icount", "shift=0,sleep=off"]
    if options.error_log:
        result += ["-d", "guest_errors,unimp", "-D", options.error_log]
    if options.debug_port:
        result += ["-S", "-gdb", f"tcp:127.0.0.1:{options.debug_port}"]
    return result


def device_tree_if_long(board, arguments, scratch_folder):
    """
    QEMU writes a Pi's ATAGS from 0x100 and the other CPUs' start code at 0x300, without looking
    whether one reaches the other. Longer arguments travel in a device tree.
    """
    limit = board.qemu.get("atags_bytes")
    if limit is None or len(os.fsencode(arguments)) <= limit:
        return []
    path = os.path.join(scratch_folder, "arguments.dtb")
    with open(path, "wb") as file:
        file.write(words.minimal_device_tree())
    return ["-dtb", path]
