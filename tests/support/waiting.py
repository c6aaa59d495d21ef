"""Waiting on a condition, instead of for a time."""

import time
from collections.abc import Callable
from typing import Any


def until(
    holds: Callable[[], Any], *, otherwise: Callable[[], str] = str, seconds: float = 300
) -> None:
    """Wait until something holds; if it never does, fail with what is known then."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.05)
