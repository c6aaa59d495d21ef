"""The six types: from a text or a JSON value to the graph's value."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Final

from serve.schema.date_formats import compile_dates
from serve.schema.datetimes import read_date, read_datetime
from serve.schema.number_formats import compile_plain_number, has_number_keys
from serve.schema.signature import Column, ColumnType, Signature, read_zone

type Value = str | float
type Reader[Raw] = Callable[[Raw], Value]
"""Raises ValueError for a value of another type."""

LAST_INTEGER: Final = 2**53
"""The largest integer up to which doubles hold all integers."""

EXPECTED: Final[dict[ColumnType, str]] = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number within ±2⁵³",
    "boolean": "true or false",
    "date": "a day as YYYY-MM-DD",
    "datetime": "a moment such as 2013-01-31T05:00:00Z",
}

TYPES_OF_TEXTS: Final[frozenset[ColumnType]] = frozenset({"string", "date", "datetime"})
"""Types that are texts in JSON."""

# Possessive quantifiers: otherwise a long text that is not a number takes quadratic time.
_NUMBER = re.compile(r"[+-]?([0-9]++(\.[0-9]*+)?+|\.[0-9]++)([eE][+-]?[0-9]++)?+")
_INTEGER = re.compile(r"([+-]?)(?=[0-9])0*+([0-9]*+)(\.0*+)?+")
_DIGITS_WORTH_READING = 20
"""Maximum number of digits: 2⁵³ has 16, and int() rejects thousands."""


def text_reader(column: Column, signature: Signature) -> Reader[str]:
    """Return the function that parses a trimmed text of a column.

    Raises:
        ValueError: A key for texts is invalid, or two contradict each other.
    """
    zone = read_zone(signature.timezone)
    readers: dict[ColumnType, Callable[[], Reader[str]]] = {
        "string": lambda: _read_string,
        "number": lambda: _number_reader(column, _read_number),
        "integer": lambda: _number_reader(column, _read_integer),
        "boolean": lambda: _word_reader(column),
        "date": lambda: _date_reader(column, read_date),
        "datetime": lambda: _date_reader(column, lambda text: read_datetime(text, zone)),
    }
    return readers[column.type]()


def words_of(column: Column) -> tuple[Sequence[str], Sequence[str]]:
    """Return the words for true and for false."""
    true_words, false_words = column.true_values, column.false_values
    return (
        ("true", "True", "TRUE") if true_words is None else true_words,
        ("false", "False", "FALSE") if false_words is None else false_words,
    )


def typed_reader(column_type: ColumnType) -> Reader[object]:
    """Return the function that converts a JSON value other than null or a text."""
    readers: dict[ColumnType, Reader[object]] = {
        "number": _take_number,
        "integer": _take_integer,
        "boolean": _take_boolean,
    }
    return readers.get(column_type, _take_nothing)


def _number_reader(column: Column, read: Callable[[str], float]) -> Reader[str]:
    if not has_number_keys(column):
        return read
    plain_number = compile_plain_number(column)
    return lambda text: read(plain_number(text))


def _word_reader(column: Column) -> Reader[str]:
    true_words, false_words = words_of(column)
    words = dict.fromkeys(false_words, 0.0) | dict.fromkeys(true_words, 1.0)

    def read_word(text: str) -> float:
        if text not in words:
            raise ValueError(text)
        return words[text]

    return read_word


def _date_reader(column: Column, read: Callable[[str], float]) -> Reader[str]:
    if column.format is None:
        return read
    return compile_dates(column.format, read, has_time=column.type == "datetime")


def _read_string(text: str) -> str:
    text.encode()  # No graph accepts a lone surrogate: UnicodeEncodeError.
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
    return float(int(value))  # 0.0 instead of -0.0, which would be the category "-0".
