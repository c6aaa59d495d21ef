"""Cell values: as plain numbers and texts to count with, and as the contract's JSON."""

from datetime import date, datetime, timedelta

import pyarrow as pa

from features.data.columns import Type
from features.data.timestamps import EPOCH, instant_text, rfc3339

type Plain = str | int | float | bool
"""A cell's value; an instant in microseconds and a date in days since 1970."""


def as_plain(array: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return the column with instants and dates as integers."""
    if pa.types.is_timestamp(array.type):
        return array.cast(pa.int64())
    if pa.types.is_date32(array.type):
        return array.cast(pa.int32())
    return array


def plain_to_json(value: Plain, kind: Type) -> Plain:
    """Return a plain value as the contract writes it: instants in RFC 3339, days YYYY-MM-DD."""
    if kind == "datetime":
        return instant_text(int(value))
    if kind == "date":
        return (EPOCH + timedelta(days=int(value))).date().isoformat()
    return value


def cell_to_json(value: object) -> object:
    """Return a cell of a row, as Python holds it, as the contract writes it."""
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
