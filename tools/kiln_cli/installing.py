"""Installs what is missing from the distribution's packages."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile

from . import apt_sources, packages
from .failure import BUILD_FAILED, Failure
from .report import say, say_command
from .terminal import is_terminal

APT_GET = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
INSTALL = APT_GET + ["install", "-y", "--no-install-recommends"]


def version_tuple(version):
    return tuple(int(part) for part in version.split(".") if part.isdigit())


class Plan:
    """What is to be installed, and from where."""

    def __init__(self, needs, board=None, qemu_is_old=False):
        self.missing = packages.missing(needs)
        self.packages = packages.packages_for(self.missing)
        self.board = board
        self.qemu_is_old = qemu_is_old
        if qemu_is_old and board.qemu["package"] not in self.packages:
            self.packages.append(board.qemu["package"])

    def reason(self):
        reasons = list(self.missing)
        if self.qemu_is_old:
            reasons.append(f"QEMU {self.board.qemu['minimum_version']} or later for "
                           f"{self.board.name}")
        return ", ".join(reasons)

    def by_hand(self):
        """The command that a user types to do the same."""
        suite = f"-t {apt_sources.codename()}-backports " if self.qemu_is_old else ""
        return f"apt-get install {suite}{' '.join(self.packages)}"


def ensure(needs, board=None, qemu_is_old=False, verbose=False):
    """Installs what is missing of the needs, after asking; returns when it is there."""
    plan = Plan(needs, board, qemu_is_old)
    if not plan.packages:
        return
    prefix = permission(plan)
    say(f"installing {' '.join(plan.packages)}")
    execute(prefix + APT_GET + ["update"], verbose)
    install(plan, prefix, verbose)
    still = packages.missing(needs)
    if still:
        raise Failure(f"still missing after the installation: {', '.join(still)}", BUILD_FAILED)


def permission(plan):
    """[] as root, ['sudo'] for others; asks on a terminal."""
    if not shutil.which("apt-get"):
        raise Failure(f"missing: {plan.reason()}; there is no apt-get here to install "
                      f"{' '.join(plan.packages)}", BUILD_FAILED)
    root = os.geteuid() == 0
    terminal = is_terminal(0) and is_terminal(2)
    sudo = [] if root else ["sudo"]
    refusal = Failure(f"missing: {plan.reason()}; install it as root: {plan.by_hand()}",
                      BUILD_FAILED)
    if not terminal and not root or not root and not shutil.which("sudo"):
        raise refusal
    if terminal and not agreed(plan):
        raise refusal
    return sudo


def agreed(plan):
    sys.stderr.write(f"kiln: missing: {plan.reason()}\n"
                     f"kiln: install {' '.join(plan.packages)} with apt-get? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def install(plan, prefix, verbose):
    """From the release itself; QEMU from its backports when the release's is too old."""
    qemu = plan.board.qemu["package"] if plan.board else None
    plain = list(plan.packages)
    if qemu in plain:
        candidate = packages.candidate_version(qemu)
        if version_tuple(candidate) < version_tuple(plan.board.qemu["minimum_version"]):
            plain.remove(qemu)
            add_backports(prefix, verbose)
            suite = f"{apt_sources.codename()}-backports"
            execute(prefix + INSTALL + ["-t", suite, qemu], verbose)
    if plain:
        execute(prefix + INSTALL + plain, verbose)


def add_backports(prefix, verbose):
    folder = apt_sources.configuration_folder()
    text = apt_sources.backports_entry(folder, apt_sources.codename())
    if text is None:
        return
    target = os.path.join(folder, "sources.list.d", apt_sources.FILE_NAME)
    say(f"adding {target} for a newer QEMU")
    with tempfile.NamedTemporaryFile("w", suffix=".sources") as file:
        file.write(text)
        file.flush()
        execute(prefix + ["install", "-m", "644", file.name, target], verbose)
    execute(prefix + APT_GET + ["update"], verbose)


def execute(command, verbose):
    """Runs it with its output on standard error: always with -v, otherwise when it fails."""
    say_command(command, verbose)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    result = subprocess.run(command, stdin=None if is_terminal(0) else subprocess.DEVNULL,
                            stdout=sys.stderr if verbose else subprocess.PIPE,
                            stderr=None if verbose else subprocess.STDOUT,
                            env=environment, check=False)
    if result.returncode != 0:
        if result.stdout:
            sys.stderr.write(result.stdout.decode(errors="replace"))
        raise Failure(f"this command failed: {shlex.join(command)}", BUILD_FAILED)
