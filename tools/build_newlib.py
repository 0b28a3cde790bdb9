#!/usr/bin/python3
"""Builds newlib from Debian's newlib-source, once for each ISA and set of compiler options.

Usage: build_newlib.py --isa ISA --compiler GCC --into FOLDER [--source ARCHIVE] [-- OPTION...]

Prints the folder that holds include/ and lib/, and on a second line the name and version. The
folder is below FOLDER, named by a hash of all that makes its contents: when it is there, nothing
is built. It appears only when it is whole: a build that was interrupted leaves nothing behind
that the next one would take for a library. Several at once wait for the first.
"""
import argparse
import fcntl
import glob
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile

SOURCES = "/usr/src/newlib/newlib-*.tar.xz"
WHOLE = "kiln-newlib"
PLAIN = re.compile(r"[\w./+@-]+")

# docs/c-library.md says what each is for.
CONFIGURE = (
    "--disable-multilib", "--disable-newlib-supplied-syscalls", "--disable-newlib-fno-builtin",
    "--enable-newlib-io-c99-formats", "--enable-newlib-io-long-long",
    "--enable-newlib-reent-small", "--enable-newlib-global-atexit",
    "--enable-newlib-global-stdio-streams", "--enable-newlib-retargetable-locking",
    "--enable-lite-exit", "--disable-newlib-fseek-optimization",
    "--disable-newlib-fvwrite-in-streamio", "--disable-newlib-unbuf-stream-opt",
)
COMPILE = (
    "-Os", "-ffreestanding", "-fno-pie", "-fno-common", "-ffunction-sections", "-fdata-sections",
    "-fno-omit-frame-pointer", "-momit-leaf-frame-pointer", "-fno-asynchronous-unwind-tables",
    "-fno-unwind-tables", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-w",
    "-DREENTRANT_SYSCALLS_PROVIDED", "-UMISSING_SYSCALL_NAMES",
)
# What configure does not ask: appended to newlib.h, which programs see too.
SETTINGS = """
#define __DYNAMIC_REENT__ 1
#define _READ_WRITE_RETURN_TYPE _ssize_t
#define _READ_WRITE_BUFSIZE_TYPE __SIZE_TYPE__
"""
# Replaced by posix/, which the linker meets first, and called by newlib itself.
REPLACED = {
    "__getreent", "__locale_mb_cur_max", "__smakebuf_r", "__swhatbuf_r", "_calloc_r", "_free_r",
    "_global_impure_ptr", "_impure_ptr", "_localeconv_r", "_malloc_r", "_realloc_r", "_wcrtomb_r",
}
# Not needed, and a third of the files.
LEFT_OUT = re.compile(r"/(libgloss|testsuite|newlib/libc/sys/[^/]+|texinfo)/.")


class Failure(Exception):
    """What is told to the user in one line."""


def parse():
    parser = argparse.ArgumentParser(description="Builds newlib, once.")
    parser.add_argument("--isa", required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--into", required=True)
    parser.add_argument("--source")
    parser.add_argument("options", nargs="*")
    arguments = parser.parse_args()
    arguments.into = os.path.abspath(arguments.into)
    return arguments


def find_source(wanted):
    """The archive that was asked for, else the newest of the package's."""
    found = sorted(glob.glob(wanted or SOURCES), key=version_numbers)
    if not found:
        raise Failure(f"newlib's source is missing ({wanted or SOURCES}): install the package "
                      "newlib-source (./kiln setup)")
    return found[-1]


def version_of(source):
    found = re.search(r"newlib-([0-9][0-9.]*[0-9])", os.path.basename(source))
    return found.group(1) if found else "unknown"


def version_numbers(source):
    return [int(number) for number in version_of(source).split(".") if number.isdigit()]


def ask(compiler, *arguments):
    try:
        return subprocess.run([compiler, *arguments], capture_output=True, text=True,
                              check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failure(f"newlib cannot be built: {compiler} does not work ({error})") from error


def identity(arguments, source):
    """A hash of all that the library depends on."""
    parts = [ask(arguments.compiler, "--version"), ask(arguments.compiler, "-dumpmachine"),
             *arguments.options]
    digest = hashlib.sha256("\0".join(parts).encode())
    for path in (source, os.path.realpath(__file__)):
        with open(path, "rb") as file:
            digest.update(hashlib.sha256(file.read()).digest())
    return digest.hexdigest()[:12]


def unpack(source, folder):
    """Returns the folder of the source inside."""
    with tarfile.open(source) as archive:
        members = [member for member in archive if not LEFT_OUT.search("/" + member.name)
                   and not member.name.startswith(("/", "..")) and not member.isdev()]
        archive.extractall(folder, members)
    found = glob.glob(os.path.join(folder, "*", "newlib", "configure"))
    if not found:
        raise Failure(f"{source} does not hold newlib")
    return os.path.dirname(found[0])


def configure_command(arguments, source):
    """Host headers stay out; binutils are those that belong to the compiler."""
    def tool(name):
        return ask(arguments.compiler, f"-print-prog-name={name}")

    headers = ask(arguments.compiler, "-print-file-name=include")
    compiler = f"{arguments.compiler} -nostdinc -isystem {headers}"
    options = " ".join((*arguments.options, *COMPILE))
    return [os.path.join(source, "configure"), f"--host={arguments.isa}-none-elf", "--prefix=/",
            "--cache-file=config.cache", *CONFIGURE, f"CC={compiler}", f"CCAS={compiler}",
            f"AR={tool('ar')}", f"RANLIB={tool('ranlib')}", f"AS={tool('as')}",
            f"STRIP={tool('strip')}", f"CFLAGS={options}", f"CCASFLAGS={options}"]


def run(command, folder, log):
    """The output goes to the log; its end is told when the command fails."""
    clean = {name: value for name, value in os.environ.items()
             if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CFLAGS", "CC", "DESTDIR")}
    with open(log, "a", encoding="utf-8") as file:
        status = subprocess.call(command, cwd=folder, env={**clean, "LC_ALL": "C"},
                                 stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    if status:
        with open(log, encoding="utf-8", errors="replace") as file:
            tail = "".join(file.readlines()[-15:])
        raise Failure(f"newlib could not be built ({os.path.basename(command[0])} failed):\n{tail}")


def build(arguments, source, scratch):
    """Returns the folder with include/ and lib/ in the scratch folder."""
    if not shutil.which("make"):
        raise Failure("newlib is built by make: install the package make (./kiln setup)")
    code = unpack(source, os.path.join(scratch, "source"))
    tree, log = os.path.join(scratch, "build"), os.path.join(scratch, "log")
    os.mkdir(tree)
    run(configure_command(arguments, code), tree, log)
    with open(os.path.join(tree, "newlib.h"), "a", encoding="utf-8") as file:
        file.write(SETTINGS)
    run(["make", f"-j{os.cpu_count() or 1}", "MAKEINFO=true", "all"], tree, log)
    installed = os.path.join(scratch, "installed")
    run(["make", "MAKEINFO=true", f"DESTDIR={installed}", "install"], tree, log)
    whole = os.path.join(installed, f"{arguments.isa}-none-elf")
    weaken(arguments.compiler, os.path.join(whole, "lib", "libc.a"), scratch, log)
    os.unlink(os.path.join(whole, "lib", "libg.a"))
    return whole


def build_in_plain_folder(arguments, source, scratch):
    """The same; newlib's makefiles cannot work in a folder whose name has a space or the like."""
    if PLAIN.fullmatch(scratch):
        return build(arguments, source, scratch)
    with tempfile.TemporaryDirectory(prefix="kiln-newlib-") as plain:
        return shutil.copytree(build(arguments, source, plain), os.path.join(scratch, "whole"))


def weaken(compiler, library, scratch, log):
    """
    Makes the names weak that the library itself does not use: a program's definition of one, or
    posix/'s, then wins, whatever else is needed from the same object.
    """
    defined, used = set(), set()
    for line in ask(ask(compiler, "-print-prog-name=nm"), "-g", library).splitlines():
        words = line.split()
        if len(words) >= 2:
            (used if words[-2] == "U" else defined).add(words[-1])
    names = os.path.join(scratch, "weak-names")
    with open(names, "w", encoding="utf-8") as file:
        file.write("\n".join(sorted(defined - (used - REPLACED))) + "\n")
    objcopy = ask(compiler, "-print-prog-name=objcopy")
    run([objcopy, f"--weaken-symbols={names}", library], scratch, log)


def built(arguments):
    """(folder, name and version); builds under a lock if it has to."""
    source = find_source(arguments.source)
    name = f"newlib {version_of(source)}"
    folder = os.path.join(arguments.into, f"{arguments.isa}-{identity(arguments, source)}")
    lock_file = os.path.join(arguments.into, f".{arguments.isa}.lock")
    prefix = f".building-{arguments.isa}-"
    if os.path.exists(os.path.join(folder, WHOLE)):
        return folder, name
    os.makedirs(arguments.into, exist_ok=True)
    with open(lock_file, "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(folder, WHOLE)):
            forget_interrupted(arguments.into, prefix)
            print(f"kiln: building {name} for {arguments.isa}, once", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(prefix=prefix, dir=arguments.into) as scratch:
                whole = build_in_plain_folder(arguments, source, scratch)
                with open(os.path.join(whole, WHOLE), "w", encoding="utf-8") as file:
                    file.write(name + "\n")
                os.rename(whole, folder)
    return folder, name


def forget_interrupted(into, prefix):
    """Only the holder of the lock builds for this ISA: what others began is dead."""
    for path in glob.glob(os.path.join(glob.escape(into), f"{prefix}*")):
        shutil.rmtree(path, ignore_errors=True)


def main():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    try:
        print(*built(parse()), sep="\n")
    except (Failure, OSError, tarfile.TarError) as error:
        sys.exit(f"kiln: {error}")


if __name__ == "__main__":
    main()
