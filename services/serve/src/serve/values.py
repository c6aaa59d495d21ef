"""The six types: how a text, or a JSON value, becomes what the graph takes."""

import math
import re
from collections.abc import Callable
from typing import Final

from serve.moments import read_date, read_datetime
from serve.signature import Column, ColumnType, Signature, read_zone

type Value = str | float
type Reader[Raw] = Callable[[Raw], Value]
"""Raises ValueError for what is not of the type."""

LAST_INTEGER: Final = 2**53
"""The last of the integers that a double holds without gaps."""

EXPECTED: Final[dict[ColumnType, str]] = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number within ±2⁵³",
    "boolean": "true or false",
    "date": "a day as YYYY-MM-DD",
    "datetime": "a moment such as 2013-01-31T05:00:00Z",
}

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"([+-]?)(?=[0-9])0*([0-9]*)(\.0*)?")
_DIGITS_WORTH_READING = 20
"""2⁵³ has 16, and int() refuses thousands of them."""


def text_reader(column: Column, signature: Signature) -> Reader[str]:
    """Return what reads a trimmed text of a column."""
    zone = read_zone(signature.timezone)
    words = dict.fromkeys(column.false_values, 0.0) | dict.fromkeys(column.true_values, 1.0)
    readers: dict[ColumnType, Reader[str]] = {
        "string": _read_string,
        "number": _read_number,
        "integer": _read_integer,
        "boolean": lambda text: _read_word(text, words),
        "date": read_date,
        "datetime": lambda text: read_datetime(text, zone),
    }
    return readers[column.type]


def typed_reader(column_type: ColumnType) -> Reader[object]:
    """Return what reads a JSON value that is neither null nor a text."""
    readers: dict[ColumnType, Reader[object]] = {
        "number": _take_number,
        "integer": _take_integer,
        "boolean": _take_boolean,
    }
    return readers.get(column_type, _take_nothing)


def _read_string(text: str) -> str:
    text.encode()  # A lone surrogate is no character, and no graph takes it: UnicodeEncodeError.
    return text


def _read_number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return _finite(float(text))


def _read_integer(text: str) -> float:
    match = _INTEGER.fullmatch(text)
    if match is None or len(match[2]) > _DIGITS_WORTH_READING:
        raise ValueError(text)
    return _within(int(match[1] + (match[2] or "0")))


def _read_word(text: str, words: dict[str, float]) -> float:
    if text not in words:
        raise ValueError(text)
    return words[text]


def _take_number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(value)  # noqa: TRY004  # one kind of error for all wrong cells
    try:
        return _finite(float(value))
    except OverflowError:
        raise ValueError(value) from None


def _take_integer(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
        raise ValueError(value)
    return _within(value)


def _take_boolean(value: object) -> float:
    if not isinstance(value, bool):
        raise ValueError(value)  # noqa: TRY004  # one kind of error for all wrong cells
    return float(value)


def _take_nothing(value: object) -> Value:
    raise ValueError(value)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(value)
    return value


def _within(value: float) -> float:
    if not -LAST_INTEGER <= value <= LAST_INTEGER:
        raise ValueError(value)
    return float(int(value))  # 0.0 for -0.0, which would be the category "-0"
