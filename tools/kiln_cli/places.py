"""Where things are."""

import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


def in_root(*parts):
    return os.path.join(ROOT, *parts)


class BuildFolder:
    """The build folder: build/ in the root, or where --build-dir or KILN_BUILD_DIR says."""

    def __init__(self, path=None):
        chosen = path or os.environ.get("KILN_BUILD_DIR") or in_root("build")
        self.path = os.path.abspath(chosen)

    def of_board(self, board):
        return os.path.join(self.path, board.name)

    def of_app(self, board, name):
        return os.path.join(self.path, board.name, name)
