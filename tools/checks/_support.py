"""What the checks share: the tree's files, TAP, and the runtimes that they look into."""

import fcntl
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

from kiln_cli import boards, tap  # noqa: E402  (the path above comes first)
from kiln_cli.places import BuildFolder  # noqa: E402

RUNTIME_FOLDERS = ("lib", "arch", "irq", "mm", "core", "drivers", "board", "posix")
NOT_OURS = {"build", ".git", ".cache", "__pycache__", "node_modules"}
BOARDS = boards.names()

# Whose headers and functions each layer may use besides its own and what include/ declares.
MAY_USE = {
    "lib": (),
    "arch": ("lib",),
    "irq": ("arch", "lib"),
    "mm": ("arch", "lib"),
    "core": ("mm", "irq", "arch", "lib"),
    "drivers": ("core", "mm", "irq", "arch", "lib"),
    "board": ("drivers", "core", "mm", "irq", "arch", "lib"),
    "posix": ("drivers", "core", "mm", "irq", "arch", "lib"),
    "apps": (),
    "tests": ("posix", "board", "drivers", "core", "mm", "irq", "arch", "lib"),
    "include": (),
    "tools": (),
}

Writer = tap.Writer


def build_root():
    return BuildFolder().path


def is_ours(folder):
    """False for what is built, wherever that is."""
    return (os.path.basename(folder) not in NOT_OURS and folder != build_root()
            and not os.path.exists(os.path.join(folder, "CMakeCache.txt")))


def files(suffixes, folders=("",), root=ROOT):
    """Paths from the root, sorted, of the tree's files with one of these suffixes."""
    found = []
    for folder in folders:
        for place, folder_names, names in os.walk(os.path.join(root, folder)):
            folder_names[:] = [name for name in folder_names if is_ours(os.path.join(place, name))]
            found += [os.path.relpath(os.path.join(place, name), root) for name in names
                      if name.endswith(tuple(suffixes))]
    return sorted(found)


def read(path, root=ROOT):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def run(command, **options):
    """(status, output and errors together) of a command."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            errors="replace", check=False, stdin=subprocess.DEVNULL, **options)
    return result.returncode, result.stdout


def isa_of(board):
    return boards.load(board).isa


def configured(board, config="CHECKS=1", name="checks"):
    """The folder of a runtime by gcc, the one that apps share; configured if it must be."""
    folder = os.path.join(build_root(), board, name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, ".configure-lock"), "w", encoding="utf-8") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(folder, "build.ninja")):
            must(["cmake", "-G", "Ninja", "-S", os.path.join(ROOT, "cmake", "runtime"),
                  "-B", folder, f"-DCMAKE_TOOLCHAIN_FILE={isa_of(board).toolchain_file()}",
                  f"-DKILN_BOARD={board}", f"-DKILN_TOOLCHAIN={isa_of(board).prefix}",
                  f"-DKILN_CONFIG={config}", f"-DKILN_BUILD_DIR={build_root()}"])
    return folder


def runtime(board, config="CHECKS=1", name="checks"):
    """The same, built."""
    folder = configured(board, config, name)
    must(["flock", os.path.join(folder, ".build-lock"), "cmake", "--build", folder])
    return folder


# Together they have every source of the runtime.
ANALYSED = (("raspi3", "CHECKS=1;SMP=1"), ("raspi4", "CHECKS=1;SMP=1"),
            ("virt-aarch64", "CHECKS=1;GIC=2;SMP=1"), ("virt-aarch64", "CHECKS=1;GIC=3;SMP=1"),
            ("pc", "CHECKS=1;SMP=1"))


def analysed_runtimes():
    """Folders with the compile_commands.json of runtimes by clang, for analysers; not built."""
    for board, config in ANALYSED:
        folder = os.path.join(build_root(), "checks", "analysed",
                              f"{board}-{config.replace(';', '-')}")
        os.makedirs(folder, exist_ok=True)
        must(["flock", f"{folder}/.configure-lock", "cmake", "-G", "Ninja", "-S",
              os.path.join(ROOT, "cmake", "runtime"), "-B", folder,
              f"-DCMAKE_TOOLCHAIN_FILE={isa_of(board).toolchain_file()}", "-DKILN_TOOLCHAIN=clang",
              # Analysers take the first word of a command for the compiler.
              "-DCMAKE_C_COMPILER_LAUNCHER=",
              f"-DKILN_BOARD={board}", f"-DKILN_CONFIG={config}",
              f"-DKILN_BUILD_DIR={build_root()}"])
        yield folder


def must(command):
    status, output = run(command)
    if status:
        sys.exit(f"{output}\nnot ok 1 - {' '.join(command)}")
    return output


def planted(texts):
    """A temporary tree of these {path: text}, for self-tests."""
    folder = tempfile.TemporaryDirectory(prefix="kiln-check-")
    for path, text in texts.items():
        whole = os.path.join(folder.name, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="utf-8") as file:
            file.write(text)
    return folder


def report(writer, problems, what):
    """One point: it fails when there is a problem, and names each."""
    problems = list(problems)
    writer.point(not problems, what, "\n".join(problems))


def finish(writer):
    writer.plan()
    sys.exit(1 if writer.failures else 0)
