"""Sentinel candidates of a column, and the candidates that stand for a missing value."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from type_inference.field_types import FieldType
from type_inference.sentinels import MIN_ROWS, SENTINEL_DATES, SENTINEL_NUMBERS, is_far


def are_candidates(values: pa.Array, kind: FieldType) -> pa.Array | None:
    """Return which values are sentinel candidates; None for a type without sentinels."""
    if kind in {"number", "integer"}:
        return pc.is_in(values, value_set=pa.array(SENTINEL_NUMBERS).cast(values.type, safe=False))
    if kind == "date":
        return pc.is_in(values, value_set=pa.array(SENTINEL_DATES, pa.date32()))
    if kind == "datetime":
        # Midnight in a time zone may be on the previous or the next day in UTC.
        nearby = {_shift(day, days) for day in SENTINEL_DATES for days in (-1, 0, 1)}
        return pc.is_in(values.cast(pa.date32(), safe=False), value_set=pa.array([*nearby]))
    return None


def find_sentinels[Value](rows: Mapping[Value, int], *, low: Any, high: Any) -> list[Value]:
    """Return the candidates that occur in several rows, far from all other values.

    `rows` is the number of rows by candidate; `low` and `high` are the range of the other values.
    """
    if low is None or low == high:
        return []
    return [
        value for value, count in rows.items() if count >= MIN_ROWS and is_far(value, low, high)
    ]


def _shift(day: date, days: int) -> date:
    moved = datetime.combine(day, time(), UTC).toordinal() + days
    return date.fromordinal(min(max(moved, 1), date.max.toordinal()))
