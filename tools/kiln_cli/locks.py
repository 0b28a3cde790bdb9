"""Locks between commands that run at the same time in one build folder."""

import fcntl
import os


class Lock:
    """An exclusive lock on a file, until release(); the system drops it with the process."""

    def __init__(self, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.file = open(path, "w", encoding="ascii")  # pylint: disable=consider-using-with
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.release()

    def release(self):
        self.file.close()
