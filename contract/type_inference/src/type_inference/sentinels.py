"""Sentinels: values such as -999 or 9999-12-31 that stand for a missing value."""

from datetime import date, datetime, timedelta
from typing import Any

_NINES = (9, *(int(f"{'9' * places}{last}") for places in range(1, 6) for last in (7, 8, 9)))
_LIMITS = (32_767, 65_535, 2_147_483_647, 4_294_967_295, -32_768, -2_147_483_648)
NUMBERS = (*_NINES, *(-nines for nines in _NINES), *_LIMITS, -1)
"""Survey codes, values that old programs write, and integer limits."""

DAYS = (
    *(date(1, 1, 1), date(1753, 1, 1), date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1)),
    *(date(1970, 1, 1), date(2099, 12, 31), date(2100, 1, 1), date(2999, 12, 31)),
    *(date(9999, 1, 1), date(9999, 12, 31)),
)
"""First and last dates of databases and spreadsheets."""

LEAST_ROWS = 2
"""A value in a single row is an outlier, not a sentinel."""

_FAR = 3
"""A sentinel is at least this many times as large as any other number."""

_FAR_DAYS = timedelta(days=3650)
"""A sentinel date is at least this long before or after any other date."""

_RANGE_OF_MINUS_ONE = 10
"""-1 is a sentinel beside amounts, whose maximum is larger than that of flags and levels."""


def is_far(value: Any, low: Any, high: Any) -> bool:
    """Return whether a number, date or datetime is far from all others, `low` to `high`."""
    if isinstance(value, date):
        first, last, day = _day(low), _day(high), _day(value)
        return first - day >= _FAR_DAYS or day - last >= _FAR_DAYS
    if value == -1:
        return bool(low >= 0 and high >= _RANGE_OF_MINUS_ONE)
    is_distant = abs(value) >= _FAR * max(abs(low), abs(high))
    return bool(is_distant or low >= 0) if value < 0 else bool(is_distant)


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
