"""Columns as clients send them: numbers, texts or datetimes; None or NaN is missing.

`column_rows` makes the graph's inputs of them, and reads them cell by cell where something is odd.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

type Missing = NDArray[np.bool_] | None
type Cells = Numbers | Texts | Datetimes | Objects

_PER_SECOND: Final = {"s": 1, "ms": 10**3, "us": 10**6}
_SECONDS_A_DAY: Final = 86_400
_LAST_EXACT: Final = 2**53
_NUMBER_TYPES: Final = {int, float, type(None)}
_BOOLEAN_TYPES: Final = {bool, type(None)}
_TEXT_TYPES: Final = {str, type(None)}


class Numbers(msgspec.Struct, frozen=True, gc=False):
    """Integers, floats or booleans."""

    values: NDArray[Any]
    missing: Missing = None
    sent: Sequence[Any] | None = None
    """What the client wrote, where it was no array."""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def are_booleans(self) -> bool:
        """Whether these are true and false, which are no numbers."""
        return self.values.dtype.kind == "b"

    def doubles(self) -> NDArray[Any]:
        """Return what doubles can be made of, NaN where a value is missing."""
        return self.values if self.missing is None else np.where(self.missing, np.nan, self.values)

    def objects(self) -> Sequence[Any]:
        """Return the values as JSON has them."""
        return self.sent or with_none(self.values.tolist(), self.missing)


class Texts(msgspec.Struct, frozen=True, gc=False):
    """Texts."""

    values: Sequence[str | None]

    def __len__(self) -> int:
        return len(self.values)

    def objects(self) -> Sequence[Any]:
        """Return the values as JSON has them."""
        return self.values


class Datetimes(msgspec.Struct, frozen=True, gc=False):
    """Dates or datetimes, counted in a unit of NumPy since 1970."""

    values: NDArray[np.int64]
    unit: str
    has_zone: bool
    missing: Missing = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def are_exact(self) -> bool:
        """Whether doubles hold the counts; those of the years around 1970 do."""
        return not ((self.values > _LAST_EXACT) | (self.values < -_LAST_EXACT)).any()

    def seconds(self) -> NDArray[Any]:
        """Return seconds since 1970, NaN where a value is missing."""
        seconds: NDArray[Any]
        if self.unit == "D":
            seconds = self.values * float(_SECONDS_A_DAY)
        elif self.unit == "ns":
            seconds = self.values // 1000 / 10**6  # whole microseconds, cut, as of a text
        else:
            seconds = self.values / _PER_SECOND[self.unit]
        return seconds if self.missing is None else np.where(self.missing, np.nan, seconds)

    def objects(self, *, as_days: bool = False) -> Sequence[Any]:
        """Return texts; with `as_days` a midnight is a text without a time."""
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
        """Return the values as JSON has them."""
        return self.values


class Table(msgspec.Struct, frozen=True, gc=False):
    """The rows of one request, in the columns that the model reads."""

    columns: Mapping[str, Cells]
    rows: int

    def form(self) -> tuple[Any, ...]:
        """Return what tables have in common whose columns can be joined."""
        return tuple((name, *_form(cells)) for name, cells in self.columns.items())


def _form(cells: Cells) -> tuple[Any, ...]:
    if isinstance(cells, Numbers):
        return Numbers, cells.values.dtype, cells.sent is None
    return (type(cells),)


def cells_of(values: Sequence[Any]) -> Cells:
    """Return JSON values of one column as what they all are."""
    types = set(map(type, values))
    if types <= _TEXT_TYPES:
        return Texts(values)
    if types <= _NUMBER_TYPES:
        try:
            return Numbers(np.array(values, np.float64), sent=values)  # NumPy takes None for NaN
        except OverflowError:
            return Objects(values)
    if types <= _BOOLEAN_TYPES:
        missing = np.array([value is None for value in values])
        return Numbers(np.array(values, np.bool_), missing, values)
    return Objects(values)


def joined(parts: Sequence[Cells]) -> Cells:
    """Return parts of one column, all of one form, as a whole."""
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


def joined_tables(tables: Sequence[Table]) -> Table:
    """Return tables of one form as a whole."""
    first = tables[0]
    if len(tables) == 1:
        return first
    columns = {name: joined([each.columns[name] for each in tables]) for name in first.columns}
    return Table(columns, sum(each.rows for each in tables))


def is_missing(cells: Numbers) -> NDArray[np.bool_]:
    """Return where a value was said to be missing."""
    if cells.missing is None:
        return np.zeros(len(cells.values), np.bool_)
    return cells.missing


def with_none(values: list[Any], missing: Missing) -> list[Any]:
    """Return the values, and None where one is missing."""
    if missing is None:
        return values
    return [
        None if is_missing else value
        for value, is_missing in zip(values, missing.tolist(), strict=True)
    ]
