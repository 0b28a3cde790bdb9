"""
The image of a USB stick from which PCs start by BIOS and by UEFI: GRUB, made by grub-mkrescue (a
protective MBR with boot code, GPT, an EFI partition), which loads the kernel by Multiboot2.
"""

import os
import shutil
import tempfile

from . import configuration, image_tools, packages
from .failure import Failure
from .report import say

# GRUB's modules that the stick needs. part_*: its start on UEFI asks for all of them.
MODULES = ["all_video", "multiboot2", "normal", "serial"] + [
    f"part_{scheme}" for scheme in ("acorn", "amiga", "apple", "bsd", "dfly", "dvh", "gpt",
                                    "msdos", "plan", "sun", "sunpc")]


def check(board, options):
    if options.firmware:
        raise Failure(f"{board.name} takes no files of --firmware: its image holds all it needs")
    for word in options.arguments:
        check_word(word)


def check_word(word):
    """GRUB writes the boot arguments anew, by rules of its own, which lose some words."""
    if not word:
        raise Failure("GRUB cannot pass on an empty word")
    if any(ord(c) < 32 or ord(c) == 127 for c in word):
        raise Failure(f"GRUB cannot pass on a word with a control character: {word!r}")
    if " " in word and "'" in word:
        raise Failure(f"GRUB cannot pass on a word with both a space and an apostrophe: {word}")


def make(built, options):
    """Writes build/BOARD/APP/usb.img."""
    target = os.path.join(built.tree, "usb.img")
    with tempfile.TemporaryDirectory(dir=built.tree) as folder:
        content = os.path.join(folder, "content")
        os.makedirs(os.path.join(content, "boot", "grub"))
        shutil.copy(built.image, os.path.join(content, "boot", built.request.board.kernel))
        with open(os.path.join(content, "boot", "grub", "grub.cfg"), "wb") as file:
            file.write(os.fsencode(grub_script(built, options)))
        # Relative paths: xorriso splits others at a "=".
        image_tools.execute([packages.find_program("grub-mkrescue"), "--compress=xz",
                             f"--install-modules={' '.join(MODULES)}", "--fonts=", "--locales=",
                             "--themes=", "-o", "usb.img", "content"], options.verbose, folder)
        os.replace(os.path.join(folder, "usb.img"), target)
    say(f"made {target}")


def grub_script(built, options):
    """
    What GRUB does, at once and without a menu. Its own messages go to the serial line too, where
    there is one; on UEFI it takes a graphics mode for the program's screen.
    """
    baud = configuration.value(built.configuration, "BAUD")
    words = list(options.own) + (["--"] + options.arguments if options.arguments else [])
    command = " ".join(["multiboot2", f"/boot/{built.request.board.kernel}", *map(quote, words)])
    return (
        f"if serial --unit=0 --speed={baud}; then\n"
        "  terminal_output console serial\n"
        "fi\n"
        "insmod all_video\n"
        f"{command}\n"
        "boot\n"
    )


def quote(word):
    """A word for GRUB's shell."""
    return "'" + word.replace("'", "'\\''") + "'"
