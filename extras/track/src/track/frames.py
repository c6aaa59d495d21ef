"""Example rows as data frames, in the form that MLflow clients send."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd

from track.columns import Column

type Row = Mapping[str, Any]
"""A row as in the API: JSON values by column."""

_DTYPES = {"double": np.float64, "long": np.int64, "boolean": np.bool_, "string": np.object_}


def frame_of(rows: Sequence[Row], columns: Sequence[Column], kinds: Mapping[str, str]) -> Any:
    """Return rows as a pandas data frame with the signature's types.

    `kinds` are the columns' types in `schema.json`: dates and datetimes become seconds since 1970.
    """
    series = {}
    for column in columns:
        values = [_value(row.get(column.name), column, kinds[column.name]) for row in rows]
        series[column.name] = pd.Series(values, dtype=_DTYPES[column.type])
    return pd.DataFrame(series)


def is_complete(row: Row, columns: Sequence[Column]) -> bool:
    """Return whether a row has all required values; private columns are null in examples."""
    return all(row.get(c.name) is not None for c in columns if c.type in ("long", "boolean"))


def feed_of(frame: Any) -> dict[str, Any]:
    """Return a frame as MLflow passes it on: each column separately, a single one as a whole."""
    if len(frame.columns) == 1:
        return {frame.columns[0]: frame.to_numpy()}
    return {name: frame[name].to_numpy() for name in frame.columns}


def _value(value: Any, column: Column, kind: str) -> Any:
    if value is None:
        return None if column.type == "string" else np.nan
    if column.type == "string":
        return value if isinstance(value, str) else _text(value)
    if isinstance(value, str):
        return seconds_since_1970(value, kind)
    return value


def _text(value: float | bool) -> str:  # noqa: FBT001  # a cell may be a boolean
    return str(value).lower() if isinstance(value, bool) else str(value)


def seconds_since_1970(text: str, kind: str) -> float:
    """Return the graph's value for a date, at midnight UTC, or for a datetime of RFC 3339."""
    if kind == "date":
        day = date.fromisoformat(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    return datetime.fromisoformat(text).timestamp()
