"""./kiln new: a folder with an app that builds at once."""

import os
import shlex

from .apps import tree_name
from .failure import Failure
from .places import ROOT, in_root
from .report import say

TEMPLATES = in_root("tools", "new_app")


def make(folder):
    """Copies tools/new_app with the app's name and Kiln's place filled in."""
    name = tree_name(os.path.basename(os.path.abspath(folder)))
    if not name[:1].isalnum():
        raise Failure(f"{folder} cannot be the name of an app")
    if os.path.exists(folder) and (not os.path.isdir(folder) or os.listdir(folder)):
        raise Failure(f"{folder} exists already")
    for source in template_files():
        target = os.path.join(folder, os.path.relpath(source, TEMPLATES))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(source, encoding="utf-8") as file:
            text = file.read()
        with open(target, "w", encoding="utf-8") as file:
            file.write(text.replace("@NAME@", name).replace("@KILN@", ROOT))
    say(f"made {folder}; run it: {kiln_command()} run {shlex.quote(folder)}")


def template_files():
    for folder, _, names in os.walk(TEMPLATES):
        for name in sorted(names):
            yield os.path.join(folder, name)


def kiln_command():
    near = os.path.relpath(os.path.join(ROOT, "kiln"))
    return f"./{near}" if "/" not in near else near
