"""Cell values: as plain numbers and texts for counting, and as JSON of the contract."""

from datetime import date, datetime, timedelta

import pyarrow as pa

from features.data.columns import ColumnType
from features.data.timestamps import EPOCH, microseconds_to_rfc3339, to_rfc3339

type Plain = str | int | float | bool
"""Value of a cell; timestamps are microseconds and dates are days since 1970."""


def as_plain(array: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return the column with timestamps and dates as integers."""
    if pa.types.is_timestamp(array.type):
        return array.cast(pa.int64())
    if pa.types.is_date32(array.type):
        return array.cast(pa.int32())
    return array


def plain_to_json(value: Plain, kind: ColumnType) -> Plain:
    """Return a plain value in the format of the contract: RFC 3339, or YYYY-MM-DD for dates."""
    if kind == "datetime":
        return microseconds_to_rfc3339(int(value))
    if kind == "date":
        return (EPOCH + timedelta(days=int(value))).date().isoformat()
    return value


def cell_to_json(value: object) -> object:
    """Return the Python value of a cell in the format of the contract."""
    if isinstance(value, datetime):
        return to_rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
