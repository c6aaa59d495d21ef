"""Exceptions of a check: Fault if the image breaks a promise, Skipped if it was not checked."""

from typing import Any


class Fault(Exception):  # noqa: N818  # it is the image that is at fault, not the kit
    """A promise does not hold: what failed, with place and value, and how to fix it."""

    def __init__(
        self, what: str, fix: str, *, row: Any = None, expected: Any = None, found: Any = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.row = row
        """The worst row, if the fault is about rows."""
        self.expected = expected
        self.found = found


class Skipped(Exception):  # noqa: N818  # nothing is wrong, there is just nothing to check
    """The promise is optional or cannot be checked here; the message is the reason."""
