#!/usr/bin/python3
"""Makes docs/configuration.md from include/kiln/config.h. With --check: tells whether it is so."""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
HEADER = os.path.join(ROOT, "include", "kiln", "config.h")
DOCUMENT = os.path.join(ROOT, "docs", "configuration.md")
OPTION = re.compile(r"/\*((?:(?!\*/).)*)\*/\n#ifndef (KILN_CONFIG_\w+)\n"
                    r"#define \2 +([^\n]*)\n#endif", re.DOTALL)

HEAD = """# Configuration

<!-- Made by tools/make_docs.py from include/kiln/config.h: change it there. -->

Every option is 0, 1 or a number. An app sets one in its CMakeLists.txt, the command line for one
build; what the command line says wins:

```cmake
kiln_app(hello SOURCES main.c CONFIG PRINTF_FLOAT=0 BAUD=921600)
```

```sh
./kiln run hello --config PRINTF_FLOAT=0 --config BAUD=921600
```

`run`, `build` and `test` build with CHECKS=1, `bench` and `image` with CHECKS=0; `--checks` and
`--release` choose. `--smp N` with N above 1 sets SMP=1. Each combination has a runtime of its own,
built once and shared by all apps: build/BOARD/CONFIGURATION/. Code tests an option by
`if (KILN_CONFIG_NAME)`, so that every line compiles in every build.

| option | default | what it does |
|---|---|---|
"""


def options(text):
    """[(name, default, description)] in the order of the header."""
    found = []
    for comment, name, value in OPTION.findall(text):
        description = " ".join(line.strip(" *") for line in comment.split("\n"))
        short = name[len("KILN_CONFIG_"):]
        found.append((short, value.replace("KILN_CONFIG_", "as "), description.strip()))
    return found


def document():
    with open(HEADER, encoding="utf-8") as file:
        text = file.read()
    found = options(text)
    count = text.count("#ifndef KILN_CONFIG_") - 1
    if len(found) != count:
        sys.exit(f"{HEADER}: {count} options, but {len(found)} with a comment above")
    rows = (f"| `{name}` | {value} | {what} |" for name, value, what in found)
    return HEAD + "\n".join(rows) + "\n"


def is_fresh():
    with open(DOCUMENT, encoding="utf-8") as file:
        return file.read() == document()


def main(words):
    if words == ["--check"]:
        return 0 if is_fresh() else 1
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(document())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
