"""Runs the programs that images are made with."""

import os
import subprocess

from .failure import BUILD_FAILED, Failure
from .report import say_command


def execute(command, verbose, folder=None):
    """Runs one, in a folder if it is given; a Failure with what it said when it fails."""
    say_command(command, verbose)
    environment = {**os.environ, "MTOOLS_SKIP_CHECK": "0", "MTOOLSRC": os.devnull}
    result = subprocess.run(command, capture_output=True, text=True, errors="replace",
                            check=False, env=environment, cwd=folder)
    if result.returncode != 0:
        raise Failure(f"{os.path.basename(command[0])} failed: {result.stderr.strip()}",
                      BUILD_FAILED)
