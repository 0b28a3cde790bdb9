#!/usr/bin/python3
"""
Runs clang-tidy, as .clang-tidy configures it, over the runtime of every board: each source once, in
the first of the configurations that has it. The analyser visits what it has not seen first, then
other ways to the same places: an ordinary run stops it there, earlier than it would stop itself, as
it does with KILN_LONG_TESTS=1.
"""

import concurrent.futures
import json
import os
import re
import subprocess

from _support import ROOT, Writer, analysed_runtimes, finish, planted, report

FINDING = re.compile(r"^([^\s:]+):\d+:\d+: (?:error|warning): ")
JOBS = 2
# Steps of the analyser in each function; its own limit is 225,000.
STEPS = 20000
LIMIT = [] if os.environ.get("KILN_LONG_TESTS") else [
    f"--extra-arg={word}" for word in ("-Xclang", "-analyzer-config", "-Xclang",
                                       f"max-nodes={STEPS}")]


def work():
    """[(folder of compile_commands.json, source)] of every source of the runtimes."""
    seen = set()
    for folder in analysed_runtimes():
        with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as file:
            for entry in json.load(file):
                source = entry["file"]
                if source.endswith(".c") and source not in seen:
                    seen.add(source)
                    yield folder, source


def tidy(folder, source, *options):
    """What clang-tidy says about our own code; system headers have their own style."""
    result = subprocess.run(["clang-tidy", "--quiet", "-p", folder, *LIMIT, *options, source],
                            cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    findings, ours = [], False
    for line in result.stdout.splitlines():
        found = FINDING.match(line)
        if found:
            ours = found.group(1).startswith((ROOT + os.sep, os.path.dirname(source) + os.sep))
        if ours:
            findings.append(line)
    if "error: " in result.stderr:
        findings.append(result.stderr)
    return findings


BAD = "int f(const char *text, int n);\nint f(const char *text, int n)\n{\n    int *p = 0;\n" \
      "    if (n)\n        return *p;\n    return text == \"x\";\n}\n"


def main():
    writer = Writer()
    sources = list(work())
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        said = list(pool.map(lambda item: tidy(*item), sources))
    for (_, source), findings in zip(sources, said):
        report(writer, findings, f"clang-tidy finds nothing in {os.path.relpath(source, ROOT)}")
    commands = json.dumps([{"directory": "/", "file": "bad.c", "command": "clang -c bad.c"}])
    with planted({"bad.c": BAD, "compile_commands.json": commands}) as folder:
        found = "\n".join(tidy(folder, os.path.join(folder, "bad.c"),
                               f"--config-file={ROOT}/.clang-tidy"))
    writer.point("NullDereference" in found, "clang-tidy finds what is planted", found)
    finish(writer)


main()
