#!/usr/bin/python3
"""
Checks which names the runtime takes from a program: in kiln.o and libposix.a only those that are
listed here are global, so that an app may call its own functions whatever else it likes. Names of
POSIX, which ISO C leaves to the program, have to be weak or alone in their object.
"""

import os
import re

from _support import BOARDS, Writer, finish, isa_of, must, report, runtime

# (what, why, names)
GROUPS = (
    ("Kiln's own", "the public API, and the glue between posix/ and the runtime", r"kiln_\w+"),
    ("entry", "the linker script and debuggers name it", r"_start"),
    ("compiler: memory", "called by generated code; the program's libc shares the fast ones",
     r"memcpy|memmove|memset|memcmp|strlen"),
    ("compiler: stack protector", "named by generated code", r"__stack_chk_(fail|guard)"),
    ("compiler: atomics", "called by code that was compiled with outline atomics, as libc.a was",
     r"__aarch64_(swp|cas|ldadd|ldclr|ldset|ldeor)[1248]_\w+"),
    ("C++: allocation", "operator new and delete, and std::nothrow",
     r"_Zn[wa]\w+|_Zd[la]Pv\w*|_ZSt7nothrow"),
    ("C++: objects", "called by generated code", r"__cxa_\w+|__dso_handle"),
    ("libc: locks", "the libraries' own are empty; newlib has one with a name for each part",
     r"__retarget_lock_\w+|__lock___\w+_mutex"),
    ("libc: assert", "what the macro assert() calls", r"__assert|__assert_func"),
    ("newlib: calls", "what it asks of the system, by names that a program leaves alone",
     r"_(open|close|read|write|lseek|isatty|fstat|stat|unlink|kill|getpid|gettimeofday|times)_r"),
    ("newlib: memory", "how it calls the malloc family", r"_([mc]alloc|realloc|free)_r"),
    ("newlib: state", "each thread's, and the streams'", r"__getreent|_(global_)?impure_ptr"),
    ("newlib: streams", "their buffers, and what stands in front of opening and reading",
     r"__smakebuf_r|__swhatbuf_r|__wrap_\w+"),
    ("newlib: locale", "what printf asks of it", r"_localeconv_r|__locale_mb_cur_max|_wcrtomb_r"),
    ("libc: exit", "what exit() ends in; the leading underscore is the implementation's", r"_exit"),
)
# Supplied, or mended, by posix/; a program that brings one of its own replaces it.
ISO_C = set("""
    abort clock exit fclose fflush fgetpos fgets fopen freopen fsetpos localeconv raise remove
    rename setvbuf signal stderr stdin stdout time
""".split())
# Replaced whole: one of the C library's would bring its own heap.
MALLOC_FAMILY = set("""
    aligned_alloc calloc cfree free mallinfo malloc malloc_stats malloc_trim malloc_usable_size
    mallopt memalign posix_memalign pvalloc realloc reallocarray valloc
""".split())
# Each of these has to leave room for a program's own.
POSIX = set("""
    access clock_getres clock_gettime clock_nanosleep clock_settime close fdopen fileno fstat
    getentropy getpid gettimeofday isatty kill lseek mmap mprotect mremap munmap nanosleep open read
    settimeofday sigprocmask
    sleep stat sysconf times unlink usleep write
""".split())


def group_of(name):
    for what, _, names in GROUPS:
        if re.fullmatch(names, name):
            return what
    return next((what for what, names in (("POSIX", POSIX), ("ISO C", ISO_C),
                                          ("malloc family", MALLOC_FAMILY)) if name in names), None)


def global_names(text):
    """[(object, name, is weak)] of what `nm -g --defined-only` printed."""
    found, member = [], ""
    for line in text.splitlines():
        if line.endswith(":"):
            member = line[:-1]
        words = line.split()
        if len(words) == 3:
            found.append((member, words[2], words[1] in "WV"))
    return found


def problems(names):
    for member, name, is_weak in names:
        group = group_of(name)
        if group is None:
            yield f"{member} {name}: neither kiln_*, POSIX, libc nor the compiler's"
        elif group == "POSIX" and not is_weak:
            others = {other for place, other, _ in names if place == member} - {name}
            if {other for other in others if not other.startswith("kiln_posix_")}:
                yield f"{member} {name}: a program may define it: make it weak (POSIX_ALIAS)"


def names_of(board, path):
    return global_names(must([isa_of(board).tool("nm"), "-g", "--defined-only", path]))


PLANTED = """
stream.o:
0000000000000000 T fopen
0000000000000010 T fdopen
0000000000000020 W open
0000000000000030 D list_head

fileno.o:
0000000000000000 T fileno
"""


def main():
    writer, there = Writer(), set()
    for board in BOARDS:
        folder = runtime(board)
        for part in ("kiln.o", "libposix.a"):
            names = names_of(board, os.path.join(folder, part))
            report(writer, problems(names) if names else ["no names found"],
                   f"{board}: the {len(names)} global names of {part} are listed ones")
            there |= {name for _, name, _ in names}
    report(writer, sorted((POSIX | ISO_C | MALLOC_FAMILY) - there), "no listed name is gone")
    found = list(problems(global_names(PLANTED)))
    writer.point([line.split()[1] for line in found] == ["fdopen:", "list_head:"],
                 "finds a name of its own and a POSIX name that is not weak", "\n".join(found))
    finish(writer)


main()
