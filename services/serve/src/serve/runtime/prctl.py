"""Process attributes of Linux (prctl)."""

import ctypes
import signal
from typing import Final

_LIBC: Final = ctypes.CDLL(None)
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NAME: Final = 15
"""Constants of Linux' prctl.h."""


def end_with_parent() -> None:
    """Make the kernel kill this process when its parent ends."""
    if hasattr(_LIBC, "prctl"):
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def name_process(name: str) -> None:
    """Set the name of this process for `ps` and `top`."""
    if hasattr(_LIBC, "prctl"):
        _LIBC.prctl(_PR_SET_NAME, name.encode())
