"""Sentinels: values such as -999 or 9999-12-31 that stand for a missing value."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from clean.parsing.field_types import FieldType

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

FAR = 3
"""A sentinel is at least this many times as large as any other number."""

FAR_YEARS = 10
"""A sentinel date is at least this many years from any other date."""

_LEAST_ROWS = 2
"""A value in a single row is an outlier, not a sentinel."""

_RANGE_OF_MINUS_ONE = 10
"""-1 is a sentinel beside amounts, whose maximum is larger than that of flags and levels."""


def are_candidates(values: pa.Array, kind: FieldType) -> pa.Array | None:
    """Return which values are sentinel candidates; None for a type without sentinels."""
    if kind in {"number", "integer"}:
        return pc.is_in(values, value_set=pa.array(NUMBERS).cast(values.type, safe=False))
    if kind == "date":
        return pc.is_in(values, value_set=pa.array(DAYS, pa.date32()))
    if kind == "datetime":
        # Midnight in a time zone may be on the previous or the next day in UTC.
        around = {_shifted(day, days) for day in DAYS for days in (-1, 0, 1)}
        return pc.is_in(values.cast(pa.date32(), safe=False), value_set=pa.array([*around]))
    return None


def find_sentinels[Value](rows: Mapping[Value, int], *, low: Any, high: Any) -> list[Value]:
    """Return the candidates that occur in several rows, far from all other values.

    `rows` is the number of rows by candidate; `low` and `high` are the range of the other values.
    """
    if low is None or low == high:
        return []
    return [
        value for value, count in rows.items() if count >= _LEAST_ROWS and _is_far(value, low, high)
    ]


def _is_far(value: Any, low: Any, high: Any) -> bool:
    if isinstance(value, date):
        years = timedelta(days=365 * FAR_YEARS)
        first, last, day = _day(low), _day(high), _day(value)
        return (day < first and first - day >= years) or (day > last and day - last >= years)
    if value == -1:
        return bool(low >= 0 and high >= _RANGE_OF_MINUS_ONE)
    is_distant = abs(value) >= FAR * max(abs(low), abs(high))
    return bool(is_distant or low >= 0) if value < 0 else bool(is_distant)


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _shifted(day: date, days: int) -> date:
    moved = datetime.combine(day, time(), UTC).toordinal() + days
    return date.fromordinal(min(max(moved, 1), date.max.toordinal()))
