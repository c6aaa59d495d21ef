"""The type of a column of cells, and its values in that type."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import pyarrow as pa

from ingest.workbooks.table_rows import Cell, cell_text, is_whole

type Kind = Literal["texts", "numbers", "booleans", "dates"]

_KINDS: dict[type, Kind] = {
    int: "numbers",
    float: "numbers",
    bool: "booleans",
    date: "dates",
    datetime: "dates",
}
"""Kinds of cells by their type; times and durations are texts, as Parquet has no type for them."""


class ColumnType:
    """Finds the type that all cells of a column have."""

    def __init__(self) -> None:
        self._counts: Counter[Kind] = Counter()
        self._first_rows: dict[Kind, int] = {}
        self._is_whole = True
        self._has_time = False

    def add(self, cells: Sequence[Cell], rows: Sequence[int]) -> None:
        """Add the next cells of the column, with the numbers of their rows in the sheet."""
        filled = [(cell, row) for cell, row in zip(cells, rows, strict=True) if cell != ""]
        for kind, count in Counter(_kind(cell) for cell, _ in filled).items():
            if kind not in self._counts:
                self._first_rows[kind] = next(row for cell, row in filled if _kind(cell) == kind)
            self._counts[kind] += count
        types = {type(cell) for cell, _ in filled}
        self._has_time = self._has_time or datetime in types
        if self._is_whole and types & {int, float}:
            self._is_whole = all(
                is_whole(cell) for cell, _ in filled if isinstance(cell, int | float)
            )

    @property
    def is_empty(self) -> bool:
        return not self._counts

    @property
    def type(self) -> pa.DataType:
        """The Arrow type: text if the cells are of several kinds, null if there are none."""
        if self.is_empty:
            return pa.null()
        kind = next(iter(self._counts)) if len(self._counts) == 1 else "texts"
        match kind:
            case "numbers":
                return pa.int64() if self._is_whole else pa.float64()
            case "booleans":
                return pa.bool_()
            case "dates":
                return pa.timestamp("us") if self._has_time else pa.date32()
            case _:
                return pa.string()

    @property
    def mixture(self) -> tuple[str, int] | None:
        """The counts of the kinds in words, and the first row of the rarest; None if one kind."""
        if len(self._counts) < 2:
            return None
        counts = self._counts.most_common()
        words = ", ".join(f"{kind}: {count:,}" for kind, count in counts)
        return words, self._first_rows[counts[-1][0]]


def to_array(cells: Sequence[Cell], kind: pa.DataType) -> pa.Array:
    """Return the cells as an array of the type of their column; an empty cell is null."""
    values: list[Cell | None] = [None if cell == "" else cell for cell in cells]
    if pa.types.is_null(kind):
        return pa.nulls(len(values))
    if pa.types.is_string(kind):
        values = [None if value is None else cell_text(value) for value in values]
    elif pa.types.is_integer(kind):
        values = [int(value) if isinstance(value, float) else value for value in values]
    elif pa.types.is_floating(kind):
        values = [float(value) if isinstance(value, int) else value for value in values]
    elif pa.types.is_timestamp(kind):
        values = [_as_datetime(value) if type(value) is date else value for value in values]
    return pa.array(values, kind)


def _kind(cell: Cell) -> Kind:
    return _KINDS.get(type(cell), "texts")


def _as_datetime(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001  # a sheet knows no time zones
