"""Calendar arithmetic on seconds since 1970: once in plain operators, once with pandas.

`calendar_parts` works on any type with `+ - * / //`; this stage applies it to nodes of the graph.
Its result is checked against `pandas_parts`, which shares no code with it.
"""

from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.data.tensors import SECONDS_PER_DAY

PARTS = ("year", "month", "day", "day of week", "hour", "day of year", "elapsed days")
"""Monday is day 0 of the week, 1 January day 1 of the year; elapsed days count from 1970."""

_DAYS_TO_1970 = 719_468
"""Days from 1 March 0000 to 1970; years that start in March end with their leap day."""


class Arithmetic(Protocol):
    """Exact arithmetic on whole numbers held in doubles; `//` rounds down."""

    def __add__(self, other: Self | int) -> Self: ...
    def __sub__(self, other: Self | int) -> Self: ...
    def __mul__(self, other: int) -> Self: ...
    def __truediv__(self, other: int) -> Self: ...
    def __floordiv__(self, other: int) -> Self: ...


def calendar_parts[Number: Arithmetic](seconds: Number) -> dict[str, Number]:
    """Return each of PARTS for instants of any year, fractions of a second cut off."""
    whole = seconds // 1
    elapsed = whole / SECONDS_PER_DAY
    days = elapsed // 1
    year, month, day = _civil(days)
    past = year - 1
    first_day = past * 365 + past // 4 - past // 100 + past // 400 - 719_162
    return {
        "year": year,
        "month": month,
        "day": day,
        "day of week": _modulo(days + 3, 7),
        "hour": (whole - days * SECONDS_PER_DAY) // 3600,
        "day of year": days - first_day + 1,
        "elapsed days": elapsed,
    }


def pandas_parts(seconds: NDArray[np.float64], *, with_hour: Sequence[bool]) -> NDArray[np.float64]:
    """Return PARTS as columns, all years first, then all months…; hours only for datetimes."""
    whole = np.floor(seconds)
    columns = [pd.Series(column.astype(np.int64).astype("datetime64[s]")).dt for column in whole.T]
    parts = {
        "year": [column.year for column in columns],
        "month": [column.month for column in columns],
        "day": [column.day for column in columns],
        "day of week": [column.day_of_week for column in columns],
        "hour": [
            column.hour for column, has_hour in zip(columns, with_hour, strict=True) if has_hour
        ],
        "day of year": [column.day_of_year for column in columns],
        "elapsed days": [*(whole / SECONDS_PER_DAY).T],
    }
    return np.column_stack([column for part in PARTS for column in parts[part]]).astype(np.float64)


def _civil[Number: Arithmetic](days: Number) -> tuple[Number, Number, Number]:
    """Return year, month and day by Howard Hinnant's civil_from_days."""
    shifted = days + _DAYS_TO_1970
    era = shifted // 146_097
    day_of_era = shifted - era * 146_097
    leap_days = day_of_era // 1_460 - day_of_era // 36_524 + day_of_era // 146_096
    year_of_era = (day_of_era - leap_days) // 365
    in_year = day_of_era - (year_of_era * 365 + year_of_era // 4 - year_of_era // 100)
    from_march = (in_year * 5 + 2) // 153
    day = in_year - (from_march * 153 + 2) // 5 + 1
    next_year = from_march // 10
    return year_of_era + era * 400 + next_year, from_march - next_year * 12 + 3, day


def _modulo[Number: Arithmetic](value: Number, divisor: int) -> Number:
    return value - value // divisor * divisor
