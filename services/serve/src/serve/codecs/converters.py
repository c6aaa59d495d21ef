"""Converters: from the column of a request to values of the graph, by column type."""

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from serve.codecs.columns import Cells, Datetimes, Numbers, Texts
from serve.codecs.packing import ValueCache
from serve.schema.cells import CellError, Rules
from serve.schema.signature import Bound, ColumnType
from serve.schema.values import LAST_INTEGER

type Converter = Callable[[Cells], NDArray[Any] | list[Any]]
"""Raises CellError for a column that must be read cell by cell."""

_YEAR_1, _YEAR_10000 = -62_135_596_800.0, 253_402_300_800.0
_RANGES: Final[dict[ColumnType, tuple[float, float]]] = {
    "number": (-sys.float_info.max, sys.float_info.max),
    # 2⁵³ itself is excluded: it may have been 2⁵³ + 1 before rounding.
    "integer": (1.0 - LAST_INTEGER, LAST_INTEGER - 1.0),
    "boolean": (0.0, 1.0),
    "date": (_YEAR_1, math.nextafter(_YEAR_10000, 0)),
    "datetime": (_YEAR_1, math.nextafter(_YEAR_10000, 0)),
}


def compile_converter(rules: Rules, *, is_utc: bool) -> Converter:
    """Return the converter of a column; `is_utc`: datetimes without a zone are in UTC."""
    cached = ValueCache(rules.from_json).__getitem__

    def convert_texts(cells: Cells) -> list[Any]:
        return [*map(cached, _texts(cells))]

    def convert_categories(cells: Cells) -> list[Any]:
        return [*map(cached, _categories(cells))]

    def convert_datetimes(cells: Cells) -> NDArray[Any] | list[Any]:
        if isinstance(cells, Datetimes) and not (cells.has_zone or is_utc):
            return [*map(cached, cells.objects())]
        return _seconds(cells)

    converters: dict[ColumnType, Converter] = {
        "string": convert_texts,
        "number": _numbers,
        "integer": _integers if rules.column.input.group == "numbers" else convert_categories,
        "boolean": _booleans,
        "date": _days,
        "datetime": convert_datetimes,
    }
    converter = converters[rules.column.type]
    if not rules.reads_texts:
        return converter
    return lambda cells: convert_texts(cells) if isinstance(cells, Texts) else converter(cells)


def limits(rules: Rules) -> tuple[float, float]:
    """Return the range of numbers that certainly satisfy type and constraints."""
    given = rules.column.constraints
    low, high = _RANGES[rules.column.type]

    def value_of(bound: Bound) -> float:
        return float(rules.read_text(bound) if isinstance(bound, str) else bound)

    if given.minimum is not None:
        low = max(low, value_of(given.minimum))
    if given.exclusive_minimum is not None:
        low = max(low, math.nextafter(value_of(given.exclusive_minimum), math.inf))
    if given.maximum is not None:
        high = min(high, value_of(given.maximum))
    if given.exclusive_maximum is not None:
        high = min(high, math.nextafter(value_of(given.exclusive_maximum), -math.inf))
    return low, high


def _texts(cells: Cells) -> Sequence[str | None]:
    if not isinstance(cells, Texts):
        raise CellError("no texts")
    return cells.values


def _is_empty(cells: Cells) -> bool:
    """Whether all values are missing; such a column has no type."""
    return isinstance(cells, Texts) and not any(cells.values)


def _numbers(cells: Cells) -> NDArray[Any]:
    if isinstance(cells, Numbers) and not cells.are_booleans:
        return cells.doubles()
    if _is_empty(cells):
        return np.full(len(cells), np.nan)
    raise CellError("no numbers")


def _integers(cells: Cells) -> NDArray[Any]:
    numbers = _numbers(cells)
    if numbers.dtype.kind != "f":
        return numbers
    if (np.floor(numbers) < numbers).any():  # false for NaN
        raise CellError("no integers")
    return numbers + 0.0  # 0 instead of -0


def _categories(cells: Cells) -> Sequence[Any]:
    """Return integers that are categories, with None for missing."""
    _numbers(cells)
    # NaN is not equal to itself, so it is not a usable key.
    return [None if value != value else value for value in cells.objects()]  # noqa: PLR0124  # true of NaN alone


def _booleans(cells: Cells) -> NDArray[Any]:
    if _is_empty(cells):
        return _numbers(cells)
    if not isinstance(cells, Numbers) or not cells.are_booleans:
        raise CellError("no booleans")
    return cells.doubles()


def _days(cells: Cells) -> NDArray[Any]:
    """Return days as their midnights, in seconds; pandas sends a date as a datetime."""
    seconds = _seconds(cells)
    if (seconds % 86_400 > 0).any():
        raise CellError("no days")
    return seconds


def _seconds(cells: Cells) -> NDArray[Any]:
    if not isinstance(cells, Datetimes) or not cells.are_exact:
        raise CellError("no moments, or too far from 1970 for a double")
    return cells.seconds()
