"""--check: its words, and what the memory checker finds in what clang has compiled."""

import os

from support import IS_LONG, KilnTest

BUGS = os.path.join("tests", "target", "check_memory.c")


class Check(KilnTest):
    def found(self, *words):
        """What a run of an image prints that panics."""
        result = self.kiln("run", BUGS, "--check=memory", "--toolchain", "clang", *words)
        self.assertEqual(result.returncode, 134, result)
        return result.stdout.decode()

    def test_words(self):
        """a word that --check does not know is refused, with the nearest one"""
        self.refused(2, "no 'memroy' .did you mean memory", "run", "hello", "--check=memroy")
        self.refused(2, "no 'leak' .did you mean leaks", "build", "hello", "--check=memory,leak")
        self.refused(2, "no ''; it takes memory, leaks", "image", "hello", "--check=")

    def test_both(self):
        """memory and leaks go together"""
        source = self.write("both.c", "#include <stdlib.h>\n"
                            "int main(void) { char *volatile p = malloc(9); p = 0; return !!p; }\n")
        result = self.kiln("run", source, "--check=memory,leaks", "-b", "virt-aarch64")
        self.assertEqual(result.returncode, 23, result)
        self.assertRegex(result.stdout.decode(), r"1 block, 9 bytes directly lost")

    def test_clang(self):
        """clang's instrumentation finds blocks, variables and their scopes, as gcc's does"""
        self.check_clang("virt-aarch64")
        if IS_LONG:
            self.check_clang("pc")

    def check_clang(self, board):
        """On one board."""
        text = self.found("-b", board, "--", "heap-overflow")
        self.assertRegex(text, r"(?m)^kiln: heap-buffer-overflow: write of 4 bytes at 0x[0-9a-f]+ "
                               r"by thread main, cpu 0\n  0 bytes behind the block of 40 bytes .*\n"
                               r"  access:\n.* write_int\+.* at \S*check_memory\.c:\d+\n"
                               r".* heap_overflow\+.* at \S*check_memory\.c:\d+\n")
        text = self.found("-b", board, "--", "stack-scope")
        self.assertRegex(text, r"stack-use-after-scope: write of 1 byte at .*\n"
                               r"  0 bytes into the variable inner .* of stack_scope\(\)")
        text = self.found("-b", board, "--", "stack-overflow")
        self.assertRegex(text, r"stack-buffer-overflow: write of 1 byte at .*\n  0 bytes behind "
                               r"the variable text of 10 bytes .* of stack_overflow\(\)")
        text = self.found("-b", board, "--", "global-overflow")
        self.assertRegex(text, r"global-buffer-overflow: write of 4 bytes at .*\n  0 bytes behind "
                               r"the global variable table of 40 bytes .*, in check_memory\.c\n")

    def test_clang_is_clean(self):
        """what is right runs clean under clang's instrumentation"""
        self.good("run", BUGS, "--check=memory", "--toolchain", "clang", "-b", "virt-aarch64")
