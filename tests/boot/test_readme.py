"""What README.md shows is what happens."""

import os
import re
import shlex

from support import ROOT, KilnTest


def readme():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        return file.read()


def transcript():
    """[(words of ./kiln, lines that it prints)] of the console blocks."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", readme(), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((shlex.split(line[2:]), []))
            else:
                found[-1][1].append(line)
    return [(words[1:], lines) for words, lines in found if words[0] == "./kiln"]


class Readme(KilnTest):
    def shown(self, lines):
        """The program's part of what is shown."""
        return [line for line in lines if not line.startswith("kiln: building")]

    def test_hello(self):
        """both runs of hello print what is shown"""
        runs = [each for each in transcript() if not {"greet.c", "crash"} & set(each[0])]
        self.assertEqual(len(runs), 2)
        for words, lines in runs:
            with self.subTest(" ".join(words)):
                self.assertEqual(self.good(*words).decode().splitlines(), self.shown(lines))

    def test_panic(self):
        """the panic reads as shown, addresses and lines aside"""
        words, lines = next(each for each in transcript() if "crash" in each[0])
        result = self.kiln(*words)
        self.assertEqual(result.returncode, 134)
        found = [self.without_numbers(line) for line in result.stdout.decode().splitlines()]
        for line in self.shown(lines):
            if line.strip() != "...":
                self.assertIn(self.without_numbers(line), found)

    def without_numbers(self, line):
        line = re.sub(r"build [0-9a-f]{40}", "build ID", line)
        line = re.sub(r"\b(0x)?[0-9a-f]{16}\b", "NUMBER", line)
        return re.sub(r"0x[0-9a-f]+|:[0-9]+$", "N", line)

    def test_app(self):
        """the app of ten lines builds, asks and answers"""
        source = re.search(r"^```c\n(.*?)^```", readme(), re.MULTILINE | re.DOTALL).group(1)
        self.assertEqual(len(source.splitlines()), 10)
        words, lines = next(each for each in transcript() if "greet.c" in each[0])
        path = self.write("greet.c", source)
        output = self.good(*[path if word == "greet.c" else word for word in words], data=b"Ada\n")
        shown = "\n".join(self.shown(lines)).replace("? Ada\n", "? ")
        self.assertEqual(output.decode().strip(), shown)
