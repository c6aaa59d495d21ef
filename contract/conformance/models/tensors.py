"""Rows as the inputs of a graph, by the contract's table of types and nothing else."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Row = Mapping[str, Any]
"""Values by column, as Parquet or as JSON has them; absent and None are missing."""

type Field = Mapping[str, Any]
"""An entry of `fields` in schema.json."""

type Feed = dict[str, NDArray[Any]]
"""`numbers` double[N,k] and `strings` object[N,m]; an empty group is left out."""

GROUPS = ("numbers", "strings")


def fields_of(group: str, fields: Iterable[Field]) -> list[Field]:
    """Return the fields of a group in the order of its columns."""
    chosen = [field for field in fields if field["input"]["group"] == group]
    return sorted(chosen, key=lambda field: int(field["input"]["index"]))


def pack(rows: Sequence[Row], fields: Sequence[Field]) -> Feed:
    """Return the inputs of a graph for these rows."""
    feed: Feed = {}
    for group, cell, kind in (("numbers", as_number, np.float64), ("strings", as_text, object)):
        names = [field["name"] for field in fields_of(group, fields)]
        if names:
            cells = [[cell(row.get(name)) for name in names] for row in rows]
            feed[group] = np.array(cells, kind).reshape(len(rows), len(names))
    return feed


def as_number(value: Any) -> float:
    """Return a number, a boolean or a time as the graph takes it."""
    if value is None:
        return float("nan")
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    return float(value)


def as_text(value: Any) -> str:
    """Return a text, or an integer that is used as a category."""
    return "" if value is None else str(value)


def is_missing(value: Any) -> bool:
    """Return whether a cell of a table has no value; an empty text is none."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def rows_in(feed: Feed) -> int:
    """Return how many rows a feed has."""
    return max(len(values) for values in feed.values())


def row_of(feed: Feed, place: int) -> Feed:
    """Return one row of a feed, as a feed."""
    return {group: values[place : place + 1] for group, values in feed.items()}
