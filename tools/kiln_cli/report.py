"""What the command says to its user: everything on standard error."""

import shlex
import sys


def say(message):
    sys.stderr.write(f"kiln: {message}\n")
    sys.stderr.flush()


def say_command(command, verbose):
    """With -v, a command in a form that can be pasted into a shell."""
    if verbose:
        sys.stderr.write(f"+ {shlex.join(command)}\n")
        sys.stderr.flush()
