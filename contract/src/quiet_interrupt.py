"""Imported first by a program, this makes Ctrl+C end it with 130 and one line while it loads.

It stands beside the package, which itself takes a moment to load.
"""

import os
import signal
from types import FrameType


def _end(_number: int, _frame: FrameType | None) -> None:
    os.write(2, b"ended by Ctrl+C\n")
    # An exception could be lost in the middle of an import. Nothing has begun that must be undone.
    os._exit(130)


signal.signal(signal.SIGINT, _end)
