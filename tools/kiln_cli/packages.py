"""The tools that a command needs, and the Debian packages that they come in."""

import glob
import os
import re
import shutil

ADMINISTRATOR_FOLDERS = "/usr/sbin:/sbin"

# What proves that a package is there: a program on PATH, or a file that matches a pattern.
PROGRAMS = {
    "cmake": "cmake",
    "ninja": "ninja-build",
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-system-x86_64": "qemu-system-x86",
    "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu",
    "aarch64-linux-gnu-g++": "g++-aarch64-linux-gnu",
    "x86_64-linux-gnu-gcc": "gcc-x86-64-linux-gnu",  # on an x86_64 Debian gcc provides it
    "x86_64-linux-gnu-g++": "g++-x86-64-linux-gnu",
    "gdb-multiarch": "gdb-multiarch",
    "mkfs.fat": "dosfstools",
    "fsck.fat": "dosfstools",
    "mcopy": "mtools",
    "grub-mkrescue": "grub-common",
    "xorriso": "xorriso",
    "xz": "xz-utils",
    "make": "make",
    "ccache": "ccache",
    "clang": "clang",
    "ld.lld": "lld",
    "clang-tidy": "clang-tidy",
    "clang-format": "clang-format",
    "cppcheck": "cppcheck",
    "ctags": "universal-ctags",
    "gcc": "gcc",
    "g++": "g++",
    "valgrind": "valgrind",
}
# A package may have several names, which are those of different releases.
FILES = {
    "picolibc": ("picolibc-aarch64-linux-gnu",
                 "/usr/lib/picolibc/aarch64-linux-gnu/include/picolibc.h"),
    "newlib source": ("newlib-source", "/usr/src/newlib/newlib-*.tar.xz"),
    "GRUB for BIOS": ("grub-pc-bin", "/usr/lib/grub/i386-pc/multiboot2.mod"),
    "GRUB for UEFI": ("grub-efi-amd64-bin", "/usr/lib/grub/x86_64-efi/multiboot2.mod"),
    "UEFI for QEMU": ("ovmf", "/usr/share/OVMF/OVMF_CODE*.fd"),
    "libc headers": ("libc6-dev", "/usr/include/stdio.h"),
    "clang sanitizers": ("libclang-rt-dev", "/usr/lib/*/clang/*/lib/*/libclang_rt.fuzzer*.a",
                         "/usr/lib/llvm-*/lib/clang/*/lib/*/libclang_rt.fuzzer*.a"),
    "jemalloc": ("libjemalloc2", "/usr/lib/*/libjemalloc.so.2"),
    "mimalloc": (("libmimalloc2.0", "libmimalloc3"), "/usr/lib/*/libmimalloc.so.[23]"),
    "tcmalloc": (("libtcmalloc-minimal4", "libtcmalloc-minimal4t64"),
                 "/usr/lib/*/libtcmalloc_minimal.so.4"),
}

BUILD = ("cmake", "ninja")
LIBCS = {"picolibc": ("picolibc",), "newlib": ("newlib source", "make")}
IMAGES = {
    "sdcard": ("mkfs.fat", "mcopy"),
    "usb": ("grub-mkrescue", "GRUB for BIOS", "GRUB for UEFI", "xorriso", "mcopy", "xz"),
}
DEBUG = ("gdb-multiarch",)
HOST_BENCH = ("cmake", "ninja", "gcc", "libc headers", "valgrind", "jemalloc", "mimalloc",
              "tcmalloc")
CHECKS = (
    "fsck.fat", "ccache", "clang", "ld.lld", "clang-format", "clang-tidy", "cppcheck", "ctags",
    "gcc", "g++", "libc headers", "clang sanitizers", "UEFI for QEMU",
)


def run_needs(board):
    """What building an app for a board and running it needs."""
    return BUILD + LIBCS[board.isa.libc] + (board.isa.tool("gcc"), board.qemu["program"])


def is_built(libc):
    """Whether a C library comes as sources."""
    return "make" in LIBCS[libc]


def image_needs(board):
    return IMAGES[board.image["kind"]] if board.image else ()


def test_needs(boards):
    """What the tests of these boards need."""
    needs = CHECKS + DEBUG + HOST_BENCH + LIBCS["newlib"]
    for board in boards:
        needs += run_needs(board) + image_needs(board) + (board.isa.tool("g++"),)
    return tuple(dict.fromkeys(needs))


def find_program(name):
    """Its path, also where PATH of an ordinary user does not look, or None."""
    return shutil.which(name) or shutil.which(name, path=ADMINISTRATOR_FOLDERS)


def is_there(need):
    if need in PROGRAMS:
        return find_program(need) is not None
    return file_of(need) is not None


def file_of(need):
    """The file that proves that a package is there, or None."""
    return next((path for pattern in FILES[need][1:] for path in sorted(glob.glob(pattern))), None)


def package_of(need):
    if need == "clang sanitizers":
        return sanitizer_package()
    package = PROGRAMS[need] if need in PROGRAMS else FILES[need][0]
    if isinstance(package, str):
        return package
    return next(filter(candidate_version, package), package[0])


def sanitizer_package():
    """Debian names it after the version of clang that its package `clang` brings."""
    clang = find_program("clang")
    installed = re.search(r"llvm-([0-9]+)", os.path.realpath(clang)) if clang else None
    version = installed.group(1) if installed else candidate_version("clang").split(".")[0]
    return f"libclang-rt-{version}-dev"


def candidate_version(package):
    """The version that apt-get would install, without epoch; '' when it knows none."""
    found = re.search(r"Candidate: (?:[0-9]+:)?([0-9.]+)", policy(package))
    return found.group(1).rstrip(".") if found else ""


def policy(package):
    """What `apt-cache policy` says about a package."""
    import subprocess

    try:
        return subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True,
                              check=False, env={**os.environ, "LC_ALL": "C"}).stdout
    except OSError:
        return ""


def missing(needs):
    """The needs that are not there."""
    return [need for need in needs if not is_there(need)]


def packages_for(needs):
    return sorted({package_of(need) for need in needs})
