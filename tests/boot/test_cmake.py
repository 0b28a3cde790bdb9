"""Kiln in the hands of those who work with CMake: presets, the toolchain file, libraries."""

import json
import os
import subprocess

from support import BOARDS, ROOT, KilnTest, build_folder

from kiln_cli import boards

MACHINES = {"aarch64": "AArch64", "x86_64": "Advanced Micro Devices X86-64"}

PLAIN_PROJECT = """
cmake_minimum_required(VERSION 3.20)
project(plain C)
add_library(plain STATIC plain.c)
"""
LIBRARY_PROJECT = """
cmake_minimum_required(VERSION 3.20)
project(consumer C CXX)
find_package(Kiln REQUIRED)
add_subdirectory(theirs)
kiln_app(consumer SOURCES main.c)
target_link_libraries(consumer PRIVATE theirs)
"""
THEIRS_PROJECT = """
add_library(theirs STATIC theirs.c shapes.cpp)
target_link_libraries(theirs PUBLIC kiln::kiln)
target_include_directories(theirs PUBLIC .)
"""
THEIRS_H = """
#ifndef THEIRS_H
#define THEIRS_H
#ifdef __cplusplus
extern "C" {
#endif
long long theirs_slept(void);
int theirs_area(int side);
#ifdef __cplusplus
}
#endif
#endif
"""
THEIRS_C = """
#include "theirs.h"
#include <kiln.h>
long long theirs_slept(void)
{
    int64_t before = kiln_time_now();
    kiln_sleep_for(KILN_MILLISECONDS(2));
    return kiln_time_now() - before;
}
"""
SHAPES_CPP = """
#include "theirs.h"
#include <kiln.h>
namespace {
struct Square {
    int side;
    int area() const { return side * side; }
};
}
int theirs_area(int side)
{
    KILN_ASSERT(side > 0);
    kiln_log_info("a square of %d", side);
    Square *square = new Square{side};
    int area = square->area();
    delete square;
    return area;
}
"""
MAIN_C = """
#include <stdio.h>
#include "theirs.h"
int main(void)
{
    printf("area %d\\n", theirs_area(6));
    return theirs_slept() >= 2000000 ? 0 : 1;
}
"""


def toolchain(isa):
    return f"-DCMAKE_TOOLCHAIN_FILE={ROOT}/cmake/toolchain-{isa}.cmake"


class CMakeTest(KilnTest):
    def cmake(self, *words, cwd=None):
        """Runs cmake, which has to succeed; what it printed."""
        result = subprocess.run(["cmake", *words], cwd=cwd or self.folder, text=True, check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout


class Toolchain(CMakeTest):
    def test_plain_library(self):
        """the toolchain file alone builds a library without Kiln, for each ISA"""
        self.write("CMakeLists.txt", PLAIN_PROJECT)
        self.write("plain.c", "#ifdef __linux__\n#error a bare-metal compiler says so\n#endif\n"
                              "int plain(int x) { return x * 2; }\n")
        for isa, machine in MACHINES.items():
            with self.subTest(isa):
                self.cmake("-G", "Ninja", "-S", ".", "-B", isa, toolchain(isa))
                self.cmake("--build", isa)
                headers = subprocess.run(["readelf", "-h", self.path(isa, "libplain.a")],
                                         text=True, capture_output=True, check=True).stdout
                self.assertIn(machine, headers)


class Libraries(CMakeTest):
    def write_consumer(self):
        self.write("CMakeLists.txt", LIBRARY_PROJECT)
        self.write("main.c", MAIN_C)
        self.write("theirs/CMakeLists.txt", THEIRS_PROJECT)
        self.write("theirs/theirs.h", THEIRS_H)
        self.write("theirs/theirs.c", THEIRS_C)
        self.write("theirs/shapes.cpp", SHAPES_CPP)

    def test_library_links_kiln(self):
        """another's library in C and C++ links kiln::kiln, and an app links that library"""
        self.write_consumer()
        for board in ("virt-aarch64", "pc"):
            output = self.good("run", self.folder, "-b", board)
            self.assertEqual(output, b"area 36\n")

    def test_by_hand(self):
        """and the same without ./kiln, by CMake alone"""
        self.write_consumer()
        for board in ("raspi4", "pc"):
            facts = boards.load(board)
            self.cmake("-G", "Ninja", "-S", ".", "-B", board, toolchain(facts.isa.name),
                       f"-DKiln_DIR={ROOT}/cmake", f"-DKILN_BOARD={board}",
                       f"-DKILN_BUILD_DIR={build_folder()}")
            self.cmake("--build", board)
            for name in ("consumer.elf", "consumer.map", facts.kernel):
                self.assertTrue(os.path.getsize(self.path(board, name)) > 1000, name)


class Presets(CMakeTest):
    def test_presets(self):
        """cmake --preset BOARD builds all apps, and says how in compile_commands.json"""
        for board in BOARDS:
            with self.subTest(board):
                self.cmake("--preset", board, cwd=ROOT)
                self.cmake("--build", "--preset", board, cwd=ROOT)
                tree = os.path.join(ROOT, "build", board, "all")
                self.assertTrue(os.path.exists(os.path.join(tree, "hello",
                                                            boards.load(board).kernel)))
                with open(os.path.join(tree, "compile_commands.json"), encoding="utf-8") as file:
                    sources = {entry["file"] for entry in json.load(file)}
                self.assertIn(os.path.join(ROOT, "apps", "hello", "main.c"), sources)
