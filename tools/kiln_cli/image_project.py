"""Many images in one CMake project, whose runtimes they share: quicker than one after the other."""

import os

from . import apps, building, packages


class Image:
    """One of them, as capture.run() wants it: a Run of tests/target."""

    def __init__(self, run, configuration, tree, request):
        is_own = os.path.isdir(run.source)
        board = request.board
        self.run = run
        self.name = run.image
        self.tree = os.path.join(tree, self.name) if is_own else tree
        self.elf = os.path.join(self.tree, f"{self.name}.elf")
        self.image = os.path.join(self.tree, board.kernel if is_own else f"{self.name}.img")
        self.configuration = {**board.config, **configuration}
        self.request = request

    def addr2line(self):
        names = (self.request.board.isa.tool("addr2line"), "llvm-addr2line")
        return next(filter(packages.find_program, names), "addr2line")


def request_for(board, configuration, folder, verbose=False):
    """What CMake is told for the project."""
    return building.Request(apps.find(apps.DEFAULT), board, configuration, folder, verbose=verbose)


def project_text(configurations):
    """{Run: configuration, beside what the project has}."""
    lines = ["cmake_minimum_required(VERSION 3.20)", "project(kiln_images C CXX)",
             "find_package(Kiln REQUIRED)"]
    for run, configuration in configurations.items():
        if os.path.isdir(run.source):
            lines.append(f"add_subdirectory([==[{run.source}]==] {run.image})")
            continue
        config = " ".join(f"{name}={value}" for name, value in configuration.items())
        lines.append(f"kiln_app({run.image} SOURCES [==[{run.source}]==] OUTPUT {run.image}.img"
                     + (f" CONFIG {config})" if config else ")"))
    return "\n".join(lines) + "\n"


def build(configurations, request, source):
    """Builds them in the folder `source`. Returns the folder they are in, or None."""
    tree = os.path.join(source, "build")
    os.makedirs(source, exist_ok=True)
    with open(os.path.join(source, "CMakeLists.txt"), "w", encoding="utf-8") as file:
        file.write(project_text(configurations))
    entries = [f"-D{name}={value}" for name, value in request.cache_entries().items()]
    for command in (["cmake", "-G", "Ninja", "-S", source, "-B", tree, *entries],
                    ["cmake", "--build", tree]):
        status, output = building.run_quietly(command, request.verbose)
        if status != 0:
            building.show(output)
            return None
    return tree
