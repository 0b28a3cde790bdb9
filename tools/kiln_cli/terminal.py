"""The user's terminal while the guest's console does the editing and echoing."""

import os
import termios

INPUT, OUTPUT_FLAGS, CONTROL, LOCAL, CHARACTERS = 0, 1, 2, 3, 6


def is_terminal(descriptor):
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


class GuestTerminal:
    """Within the block every key but ^C goes to the guest; the terminal is as before afterwards."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.saved = None

    def __enter__(self):
        self.saved = termios.tcgetattr(self.descriptor)
        mode = termios.tcgetattr(self.descriptor)
        mode[INPUT] &= ~(termios.ICRNL | termios.INLCR | termios.IXON)
        mode[LOCAL] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
        disabled = os.fpathconf(self.descriptor, "PC_VDISABLE")
        for key in (termios.VQUIT, termios.VSUSP):
            mode[CHARACTERS][key] = bytes((disabled & 0xFF,))
        mode[CHARACTERS][termios.VMIN] = 1
        mode[CHARACTERS][termios.VTIME] = 0
        termios.tcsetattr(self.descriptor, termios.TCSADRAIN, mode)
        return self

    def __exit__(self, *error):
        termios.tcsetattr(self.descriptor, termios.TCSADRAIN, self.saved)
