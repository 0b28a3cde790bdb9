#!/usr/bin/python3
"""
Plants a bug of mutations.json in a copy of a source: NAME FILE. --list: a line for each of them
with its name, the program and scenario that are to find it, SMP and the source.
"""

import json
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.join(HERE, "..", "..")


def mutations():
    with open(os.path.join(HERE, "mutations.json"), encoding="utf-8") as file:
        return json.load(file)


def mutated(text, mutation):
    for edit in mutation["edits"]:
        old, new = ("\n".join(edit[key]) for key in ("old", "new"))
        if text.count(old) != 1:
            sys.exit(f"{mutation['source']}: {old}\nis there {text.count(old)} times")
        text = text.replace(old, new)
    return text


def plant(name, path):
    mutation = mutations()[name]
    with open(os.path.join(ROOT, mutation["source"]), encoding="utf-8") as file:
        text = mutated(file.read(), mutation)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main(arguments):
    if arguments != ["--list"]:
        plant(*arguments)
        return
    for name, mutation in mutations().items():
        print(name, *(mutation[key] for key in ("program", "scenario", "smp", "source")))


if __name__ == "__main__":
    main(sys.argv[1:])
