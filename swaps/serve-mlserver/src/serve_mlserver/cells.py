"""The rules for one value of a request, the same as in cleaning: contract/README.md.

The result is a value of the graph: a text, or a double; missing is an empty text or NaN.
"""

import math
import operator
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, Final
from zoneinfo import ZoneInfo

import re2  # type: ignore[import-untyped]  # it ships no types

from serve_mlserver.description import Column, Signature, Value
from serve_mlserver.moments import read_date, read_datetime

type Clean = Callable[[object], Value]
"""Raises ValueError with the expectation."""

_WHITE_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_EXPECTED: Final = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number within ±2⁵³",
    "boolean": "true or false",
    "date": "a day as YYYY-MM-DD",
    "datetime": "a moment such as 2013-01-31T05:00:00Z",
}
_COMPARISONS: Final = {
    "minimum": (operator.ge, "at least"),
    "exclusive_minimum": (operator.gt, "more than"),
    "maximum": (operator.le, "at most"),
    "exclusive_maximum": (operator.lt, "less than"),
}
_LAST_INTEGER: Final = 2**53


def compile_rules(column: Column, signature: Signature) -> Clean:
    """Return the function that cleans a JSON value of a column.

    Raises:
        ValueError: A constraint does not fit the column's type.
    """
    tokens = signature.missing_values if column.missing_values is None else column.missing_values
    missing = {"", *tokens}
    read = _reader(column, signature)
    checks = _checks(column, read)
    expected = _EXPECTED[column.type]

    def clean(value: object) -> Value:
        if isinstance(value, str):
            value = value.strip(_WHITE_SPACE)
        if _is_missing(value, missing):
            if column.is_required:
                raise ValueError(f"{expected}; this column must have a value")
            return column.absent
        try:
            cleaned = read(value)
        except (ValueError, OverflowError):
            raise ValueError(expected) from None
        for holds, words in checks:
            if not holds(cleaned):
                raise ValueError(words)
        is_category = column.input.group == "strings" and isinstance(cleaned, float)
        return f"{cleaned:.0f}" if is_category else cleaned

    return clean


def _is_missing(value: object, tokens: AbstractSet[str]) -> bool:
    if isinstance(value, str):
        return value in tokens
    return value is None or (isinstance(value, float) and math.isnan(value))


def _reader(column: Column, signature: Signature) -> Clean:
    zone = ZoneInfo(signature.timezone)
    readers: dict[str, Clean] = {
        "string": lambda value: _text(value).encode().decode(),  # refuses lone surrogates
        "number": _take_number,
        "integer": _take_integer,
        "boolean": _take_boolean,
        "date": lambda value: read_date(_text(value)),
        "datetime": lambda value: read_datetime(_text(value), zone),
    }
    return readers[column.type]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004  # one kind of error for all wrong values
    return value


def _take_number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isinf(value):
        raise ValueError(value)
    return float(value)


def _take_integer(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
        raise ValueError(value)
    if abs(value) > _LAST_INTEGER:
        raise ValueError(value)
    return float(int(value))  # 0.0 instead of -0.0, which would be the category "-0"


def _take_boolean(value: object) -> float:
    if not isinstance(value, bool):
        raise ValueError(value)  # noqa: TRY004  # as above
    return float(value)


def _checks(column: Column, read: Clean) -> list[tuple[Callable[[Any], bool], str]]:
    constraints = column.constraints
    is_text = column.type in {"string", "date", "datetime"}

    def value_of(bound: Any) -> Value:
        """Return a bound as a value of the graph: true is 1, a date is seconds."""
        return read(bound) if is_text else float(bound)

    checks: list[tuple[Callable[[Any], bool], str]] = []
    for name, (compare, words) in _COMPARISONS.items():
        if (bound := getattr(constraints, name)) is not None:
            checks.append((_compared(compare, value_of(bound)), f"{words} {bound}"))
    if (enum := constraints.enum) is not None:
        allowed = frozenset(value_of(value) for value in enum)
        checks.append((allowed.__contains__, f"one of {', '.join(map(str, enum[:20]))}"))
    if (least := constraints.min_length) is not None:
        checks.append((lambda text: len(text) >= least, f"at least {least} characters"))
    if (most := constraints.max_length) is not None:
        checks.append((lambda text: len(text) <= most, f"at most {most} characters"))
    if (pattern := constraints.pattern) is not None:
        match = re2.compile(pattern).fullmatch
        checks.append((lambda text: match(text) is not None, f"a text that matches {pattern}"))
    return checks


def _compared(compare: Callable[[Any, Any], bool], bound: Value) -> Callable[[Any], bool]:
    return lambda value: compare(value, bound)
