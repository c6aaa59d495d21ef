"""Sentinels: values such as -999 or 9999-12-31 that stand for a missing value."""

from datetime import date, datetime, timedelta
from typing import Any

_NINES = (9, *(int(f"{'9' * digits}{last}") for digits in range(1, 6) for last in (7, 8, 9)))
_LIMITS = (32_767, 65_535, 2_147_483_647, 4_294_967_295, -32_768, -2_147_483_648)
SENTINEL_NUMBERS = (*_NINES, *(-nines for nines in _NINES), *_LIMITS, -1)
"""Survey codes, values that old programs write, and integer limits."""

SENTINEL_DATES = (
    *(date(1, 1, 1), date(1753, 1, 1), date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1)),
    *(date(1970, 1, 1), date(2099, 12, 31), date(2100, 1, 1), date(2999, 12, 31)),
    *(date(9999, 1, 1), date(9999, 12, 31)),
)
"""First and last dates of databases and spreadsheets."""

MIN_ROWS = 2
"""Minimum number of rows with a sentinel; a value in one row is an outlier."""

_MIN_RATIO = 3
"""A sentinel is at least this many times as large as any other number."""

_MIN_DISTANCE = timedelta(days=3650)
"""A sentinel date is at least this long before or after any other date."""

_MIN_MAXIMUM_FOR_MINUS_ONE = 10
"""-1 is a sentinel only if the maximum is at least this: flags and categories have smaller ones."""


def is_far(value: Any, low: Any, high: Any) -> bool:
    """Return whether a number, date or datetime is far from all others, `low` to `high`."""
    if isinstance(value, date):
        first, last, day = _to_date(low), _to_date(high), _to_date(value)
        return first - day >= _MIN_DISTANCE or day - last >= _MIN_DISTANCE
    if value == -1:
        return bool(low >= 0 and high >= _MIN_MAXIMUM_FOR_MINUS_ONE)
    is_distant = abs(value) >= _MIN_RATIO * max(abs(low), abs(high))
    return bool(is_distant or low >= 0) if value < 0 else bool(is_distant)


def _to_date(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value
