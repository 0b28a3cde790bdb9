"""./kiln image: what a real board starts from, of the kind that its board.json names."""

from . import installing, packages, sdcard, usb
from .failure import Failure

KINDS = {"sdcard": sdcard, "usb": usb}


class Options:
    """What goes into an image besides the kernel; `own` are Kiln's own boot arguments."""

    def __init__(self, own=(), arguments=(), firmware=None, verbose=False):
        self.own = list(own)
        self.arguments = list(arguments)
        self.firmware = firmware
        self.verbose = verbose


def check(board, options):
    """Refuses what can be refused before anything is built, and installs what is missing."""
    if not board.image:
        raise Failure(f"{board.name} starts from no image that could be written to a card or stick")
    KINDS[board.image["kind"]].check(board, options)
    installing.ensure(packages.image_needs(board), verbose=options.verbose)


def make(built, options):
    """Writes the image into build/BOARD/APP/."""
    KINDS[built.request.board.image["kind"]].make(built, options)
