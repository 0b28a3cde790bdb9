"""What docs/memory-bugs.md shows of apps/leaky is what happens."""

import os
import re
import shlex

from support import ROOT, KilnTest

BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```c\n(.*?)^```", re.MULTILINE | re.DOTALL)
ANY_LINES = "..."


def document():
    with open(os.path.join(ROOT, "docs", "memory-bugs.md"), encoding="utf-8") as file:
        return file.read()


def transcripts():
    """[(words of ./kiln, lines that it prints, exit status)]."""
    found = []
    for block in BLOCK.findall(document()):
        command, *lines, question, status = block.splitlines()
        assert question == "$ echo $?", block
        found.append((shlex.split(command[2:])[1:], lines, int(status)))
    return found


def without_numbers(line):
    """Addresses go, and the lines of the runtime's sources; those of the app stay."""
    line = re.sub(r"build [0-9a-f]{40}", "build ID", line.rstrip())
    line = re.sub(r"0x[0-9a-f]+", "N", line)
    return re.sub(r"( at (?!apps/)\S+):[0-9]+$", r"\1:N", line)


def pattern(lines):
    """A regular expression of a transcript, in which a line of dots is any lines."""
    parts = [r"(?:.*\n)*?" if line.strip() == ANY_LINES else
             re.escape(without_numbers(line)) + "\n" for line in lines]
    return r"\A" + "".join(parts) + r"\Z"


class MemoryBugs(KilnTest):
    def run_shown(self, name):
        """Runs each transcript of one variant; how many there are."""
        shown = [each for each in transcripts() if each[0][-1] == name]
        for words, lines, status in shown:
            with self.subTest(" ".join(words)):
                result = self.kiln(*words)
                printed = "".join(without_numbers(line) + "\n"
                                  for line in result.stdout.decode().splitlines())
                self.assertEqual(result.returncode, status, printed)
                self.assertRegex(printed, pattern(lines))
        return len(shown)

    def test_leak(self):
        """the object that is never freed"""
        self.assertEqual(self.run_shown("leak"), 2)

    def test_early(self):
        """the one that is freed while it is used"""
        self.assertEqual(self.run_shown("early"), 2)

    def test_right(self):
        """the right one, also without a check"""
        self.assertEqual(self.run_shown("right"), 2)
        plain = self.good("run", "leaky", "--", "right").decode()
        self.assertIn("All owners have let go.\n", plain)
        self.assertNotIn("kiln:", plain)

    def test_code(self):
        """the functions shown are those of apps/leaky"""
        shown = [code for code in CODE.findall(document()) if code.startswith("void ")]
        self.assertEqual(len(shown), 3)
        for code in shown:
            name = re.match(r"void assign_(\w+)\(", code).group(1)
            path = os.path.join(ROOT, "apps", "leaky", f"{name}.c")
            with open(path, encoding="utf-8") as file:
                self.assertIn(code, file.read())

    def test_usage(self):
        """without a word that it knows, leaky says which it takes"""
        for words in ([], ["--", "nothing"]):
            result = self.kiln("run", "leaky", *words)
            self.assertEqual(result.returncode, 2)
            self.assertIn(b"leak | early | right", result.stdout)


class Options(KilnTest):
    def test_suppress(self):
        """--suppress names functions whose blocks nobody wants to hear of"""
        leak = ("run", "leaky", "--check=leaks")
        output = self.good(*leak, "--suppress", "shared_new", "--", "leak").decode()
        self.assertIn("kiln: no leaks: 4 allocations, 2 frees; 2 blocks, 22 bytes suppressed\n",
                      output)
        result = self.kiln(*leak, "--suppress", "other", "--suppress", "shared", "--", "leak")
        self.assertEqual(result.returncode, 23)
        self.assertNotIn(b"suppressed", result.stdout)

    def test_show_reachable(self):
        """--show-reachable lists blocks that are no leaks"""
        path = self.write("keeps.c", "#include <stdlib.h>\nvoid *kept;\n"
                          "int main(void) { kept = malloc(10); }\n")
        output = self.good("run", path, "--check=leaks", "--show-reachable").decode()
        self.assertRegex(output, r"kiln: leaks: 1 block, 10 bytes still reachable, allocated at:\n"
                                 r"(    0x.*\n)*    0x.* main\+0x[0-9a-f]+ at .*keeps\.c:3\n")
        self.assertNotIn("allocated at", self.good("run", path, "--check=leaks").decode())

    def test_wrong_use(self):
        """both want --check=leaks, and --suppress the name of a function"""
        self.refused(2, "want --check=leaks", "run", "--show-reachable")
        self.refused(2, "want --check=leaks", "run", "--suppress", "main")
        self.refused(2, "'a,b' is no function's name", "run", "--check=leaks", "--suppress", "a,b")
