"""Reads the command line and calls the command."""

import os
import signal
import sys

from .children import stop_on_signals
from .failure import BUILD_FAILED, Failure, Stopped, WRONG_USAGE
from .report import say


def main(words):
    keep_standard_descriptors()
    stop_on_signals()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        status = run_command(words)
        sys.stdout.flush()
        return status
    except Failure as failure:
        say(str(failure))
        return failure.status
    except Stopped as stopped:
        return 128 + stopped.signal_number
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE
    except OSError as error:
        say(f"{error.strerror}: {error.filename}" if error.filename else str(error))
        return BUILD_FAILED


def keep_standard_descriptors():
    """A closed standard descriptor must not become some file that is opened later."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
            if descriptor == 2:
                sys.stderr = open(2, "w", encoding="utf-8")  # pylint: disable=consider-using-with


def run_command(words):
    from . import arguments, commands

    words, program_words = arguments.split_at_dashes(words)
    chosen = arguments.parser().parse_args(words)
    if program_words is not None and chosen.command not in ("run", "image", "debug"):
        raise Failure(f"only run, image and debug take words after --, not {chosen.command}",
                      WRONG_USAGE)
    chosen.program_words = program_words or []
    return getattr(commands, chosen.command)(chosen) or 0
