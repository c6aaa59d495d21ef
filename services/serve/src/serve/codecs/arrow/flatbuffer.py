"""Reading a flatbuffer, the form of Arrow's metadata; what leads out of it is an error.

Arrow's own readers in C trust what they read, and end the process on a body made to harm.
"""

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

MALFORMED = (struct.error, ValueError, OverflowError)
"""How metadata that can't be read makes itself known; text that is no UTF-8 is a ValueError."""

_VTABLE_HEAD = 4
_MOST_SLOTS = 16
"""No table of Arrow has as many fields."""
_LONGEST_TEXT = 1_000
"""Bytes of a name: thousands of columns can share one, which would be copied for each."""


class Table:
    """One table; its fields are asked for by their place in the schema of Arrow."""

    __slots__ = ("_data", "_fields", "_place")

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self._place = place
        start = place - _read("<i", data, place)
        size = _read("<H", data, start)
        count = min(max(size - _VTABLE_HEAD, 0) // 2, _MOST_SLOTS)
        self._fields = struct.unpack_from(f"<{count}H", data, start + _VTABLE_HEAD)

    @classmethod
    def root(cls, data: bytes) -> "Table":
        """Return the outermost table."""
        return cls(data, _read("<I", data, 0))

    def number(self, field: int, form: str, default: int = 0) -> int:
        """Return an integer or a boolean; `form` is one of struct's."""
        place = self._find(field)
        return default if place is None else _read(f"<{form}", self._data, place)

    def table(self, field: int) -> "Table | None":
        """Return a table that this one refers to."""
        place = self._find(field)
        return None if place is None else Table(self._data, self._follow(place))

    def tables(self, field: int) -> Iterator["Table"]:
        """Return the tables of a list."""
        start, count = self._list(field)
        return (Table(self._data, self._follow(start + 4 * each)) for each in range(count))

    def text(self, field: int) -> str:
        """Return a text."""
        start, length = self._list(field)
        if length > _LONGEST_TEXT:
            raise ValueError(f"it has a name of more than {_LONGEST_TEXT:,} bytes")
        return self._data[start : start + length].decode()

    def integers(self, field: int, width: int = 1) -> NDArray[Any]:
        """Return a list of 64-bit integers, or of structs of `width` such."""
        start, count = self._list(field)
        return np.frombuffer(self._data, "<i8", count * width, start).reshape(count, width)

    def _list(self, field: int) -> tuple[int, int]:
        place = self._find(field)
        if place is None:
            return 0, 0
        start = self._follow(place)
        return start + 4, _read("<I", self._data, start)

    def _find(self, field: int) -> int | None:
        offset = self._fields[field] if field < len(self._fields) else 0
        return self._place + offset if offset else None

    def _follow(self, place: int) -> int:
        return place + _read("<I", self._data, place)


def _read(form: str, data: bytes, place: int) -> int:
    if place < 0:  # struct would count from the end
        raise ValueError("an offset leads out of the message")
    value: int = struct.unpack_from(form, data, place)[0]
    return value
