"""What APP means: a name under apps/, a folder with a CMakeLists.txt, or one source file."""

import os
import re

from .failure import Failure, near_matches
from .places import in_root

DEFAULT = "hello"
SOURCE_SUFFIXES = (".c", ".cpp", ".cc", ".cxx")
# Names that build/BOARD/ needs for the runtime's own folders.
RESERVED = re.compile(r"(checks|release)(\+.*)?$")
PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*$")


class App:
    """An app's name and where its sources are: a folder, or one file."""

    def __init__(self, name, folder=None, file=None):
        if not PLAIN_NAME.match(name) or RESERVED.match(name):
            raise Failure(f"an app cannot be named {name!r}: its name becomes a folder in build/")
        self.name = name
        self.folder = folder
        self.file = file

    def is_cpp(self):
        return self.file is not None and not self.file.endswith(".c")

    def origin(self):
        return self.file or self.folder


def names():
    folder = in_root("apps")
    return sorted(name for name in os.listdir(folder)
                  if os.path.isfile(os.path.join(folder, name, "CMakeLists.txt")))


def find(word):
    """The App that a word on the command line means."""
    if word in names():
        return App(word, folder=in_root("apps", word))
    path = os.path.abspath(word)
    if os.path.isdir(path):
        return from_folder(word, path)
    if os.path.isfile(path):
        return from_file(word, path)
    if os.sep in word or word.endswith(SOURCE_SUFFIXES):
        raise Failure(f"no such file or folder: {word}")
    raise Failure(f"no app {word!r}{near_matches(word, names())}; apps: {', '.join(names())}; "
                  "or give a folder or a .c file")


def from_folder(word, path):
    if not os.path.isfile(os.path.join(path, "CMakeLists.txt")):
        raise Failure(f"{word} is no app: it has no CMakeLists.txt that calls kiln_app() "
                      f"(./kiln new {word} writes one)")
    return App(tree_name(os.path.basename(path)), folder=path)


def tree_name(text):
    """The name of its folder under build/BOARD/."""
    return re.sub(r"[^A-Za-z0-9_.+-]", "-", text)


def from_file(word, path):
    stem, suffix = os.path.splitext(os.path.basename(path))
    if suffix not in SOURCE_SUFFIXES:
        raise Failure(f"{word} is no app: a single file has to end in "
                      f"{' or '.join(SOURCE_SUFFIXES)}")
    return App(tree_name(stem), file=path)


def project_text(app):
    """The CMakeLists.txt for an app that is a single file."""
    language = "CXX" if app.is_cpp() else "C"
    return (
        "cmake_minimum_required(VERSION 3.20)\n"
        f'project("{app.name}" {language})\n'
        "find_package(Kiln REQUIRED)\n"
        f'kiln_app("{app.name}" SOURCES [==[{app.file}]==])\n'
    )
