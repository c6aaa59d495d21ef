"""Columns as clients send them: numbers, texts or datetimes; None or NaN is missing.

`column_rows` converts whole columns to inputs of the graph; it parses a column cell by cell only if
the fast conversion does not apply.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

type Missing = NDArray[np.bool_] | None
type Cells = Numbers | Texts | Datetimes | Objects

_UNITS_PER_SECOND: Final = {"s": 1, "ms": 10**3, "us": 10**6}
_SECONDS_PER_DAY: Final = 86_400
_MAX_EXACT_INTEGER: Final = 2**53
_NUMBER_TYPES: Final = {int, float, type(None)}
_BOOLEAN_TYPES: Final = {bool, type(None)}
_TEXT_TYPES: Final = {str, type(None)}


class Numbers(msgspec.Struct, frozen=True, gc=False):
    """Integers, floats or booleans."""

    values: NDArray[Any]
    missing: Missing = None
    sent: Sequence[Any] | None = None
    """JSON values as the client sent them; None if the client sent an array."""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def are_booleans(self) -> bool:
        """Whether the values are booleans."""
        return self.values.dtype.kind == "b"

    def doubles(self) -> NDArray[Any]:
        """Return the values as an array; NaN stands for missing."""
        return self.values if self.missing is None else np.where(self.missing, np.nan, self.values)

    def objects(self) -> Sequence[Any]:
        """Return the values as in JSON."""
        return self.sent or with_none(self.values.tolist(), self.missing)


class Texts(msgspec.Struct, frozen=True, gc=False):
    """A column of texts."""

    values: Sequence[str | None]

    def __len__(self) -> int:
        return len(self.values)

    def objects(self) -> Sequence[Any]:
        """Return the values as in JSON."""
        return self.values


class Datetimes(msgspec.Struct, frozen=True, gc=False):
    """Dates or datetimes, as counts of a NumPy unit since 1970."""

    values: NDArray[np.int64]
    unit: str
    has_zone: bool
    missing: Missing = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def are_exact(self) -> bool:
        """Whether every count is exact as a double; in nanoseconds, only near 1970."""
        return not ((self.values > _MAX_EXACT_INTEGER) | (self.values < -_MAX_EXACT_INTEGER)).any()

    def seconds(self) -> NDArray[Any]:
        """Return seconds since 1970; NaN stands for missing."""
        seconds: NDArray[Any]
        if self.unit == "D":
            seconds = self.values * float(_SECONDS_PER_DAY)
        elif self.unit == "ns":
            seconds = self.values // 1000 / 10**6  # whole microseconds, truncated as in a text
        else:
            seconds = self.values / _UNITS_PER_SECOND[self.unit]
        return seconds if self.missing is None else np.where(self.missing, np.nan, seconds)

    def objects(self, *, as_days: bool = False) -> Sequence[Any]:
        """Return ISO 8601 texts; with `as_days`, midnight becomes a date without a time."""
        datetimes = self.values.view(f"M8[{self.unit}]")
        texts = np.datetime_as_string(datetimes)
        if self.unit != "D" and self.has_zone:
            texts = np.strings.add(texts, "Z")
        if as_days:
            days = datetimes.astype("M8[D]")
            texts = np.where(days == datetimes, np.datetime_as_string(days), texts)
        return with_none(texts.tolist(), self.missing)


class Objects(msgspec.Struct, frozen=True, gc=False):
    """JSON values of several types."""

    values: Sequence[Any]

    def __len__(self) -> int:
        return len(self.values)

    def objects(self) -> Sequence[Any]:
        """Return the values as in JSON."""
        return self.values


class Table(msgspec.Struct, frozen=True, gc=False):
    """The rows of one request, by column; columns that the model does not read are left out."""

    columns: Mapping[str, Cells]
    rows: int

    def layout(self) -> tuple[Any, ...]:
        """Return a key; tables with the same key can be concatenated."""
        return tuple((name, *_layout(cells)) for name, cells in self.columns.items())


def _layout(cells: Cells) -> tuple[Any, ...]:
    if isinstance(cells, Numbers):
        return Numbers, cells.values.dtype, cells.sent is None
    return (type(cells),)


def cells_of(values: Sequence[Any]) -> Cells:
    """Return a column of the type that suits its JSON values."""
    types = set(map(type, values))
    if types <= _TEXT_TYPES:
        return Texts(values)
    if types <= _NUMBER_TYPES:
        try:
            return Numbers(np.array(values, np.float64), sent=values)  # NumPy converts None to NaN.
        except OverflowError:
            return Objects(values)
    if types <= _BOOLEAN_TYPES:
        missing = np.array([value is None for value in values])
        return Numbers(np.array(values, np.bool_), missing, values)
    return Objects(values)


def concatenate(parts: Sequence[Cells]) -> Cells:
    """Concatenate parts of one column that have the same layout."""
    first = parts[0]
    if len(parts) == 1:
        return first
    if isinstance(first, Texts | Objects):
        return type(first)([*chain.from_iterable(part.objects() for part in parts)])
    arrays = [part for part in parts if isinstance(part, Numbers)]
    values = np.concatenate([part.values for part in arrays])
    missing = None
    if any(part.missing is not None for part in arrays):
        missing = np.concatenate([is_missing(part) for part in arrays])
    sent = None if arrays[0].sent is None else [*chain.from_iterable(p.objects() for p in parts)]
    return Numbers(values, missing, sent)


def concatenate_tables(tables: Sequence[Table]) -> Table:
    """Concatenate tables that have the same layout."""
    first = tables[0]
    if len(tables) == 1:
        return first
    columns = {name: concatenate([each.columns[name] for each in tables]) for name in first.columns}
    return Table(columns, sum(each.rows for each in tables))


def is_missing(cells: Numbers) -> NDArray[np.bool_]:
    """Return a mask of the missing values."""
    if cells.missing is None:
        return np.zeros(len(cells.values), np.bool_)
    return cells.missing


def with_none(values: list[Any], missing: Missing) -> list[Any]:
    """Return the values with None in place of missing ones."""
    if missing is None:
        return values
    return [
        None if is_missing else value
        for value, is_missing in zip(values, missing.tolist(), strict=True)
    ]
