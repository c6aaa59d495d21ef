"""Conversion of Arrow arrays to the cell types of binary requests."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from serve.codecs.columns import Cells, Datetimes, Missing, Numbers, Texts

_UNIT_OF_DAYS: Final = "D"


def is_text(kind: pa.DataType) -> bool:
    """Whether the cells are texts, which may hold values of any type."""
    types = pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def has_cells(kind: pa.DataType) -> bool:
    """Whether the contract supports this type, texts included."""
    return is_text(kind) or any(is_of(kind) for is_of, _ in _READERS)


def cells_of(array: pa.Array) -> Cells:
    """Return the cells of an array; its type is supported and is not a text."""
    return next(read for is_of, read in _READERS if is_of(array.type))(array)


def datetimes_of(array: pa.Array) -> Datetimes:
    """Return the cells of an array of timestamps."""
    counts = _values(pc.cast(array, pa.int64()), fill=0)
    has_zone = array.type.tz is not None
    return Datetimes(counts, array.type.unit, has_zone=has_zone, missing=_missing(array))


def _days_of(array: pa.Array) -> Datetimes:
    days = _values(pc.cast(pc.cast(array, pa.date32()), pa.int32()), fill=0)
    return Datetimes(days.astype(np.int64), _UNIT_OF_DAYS, has_zone=False, missing=_missing(array))


def _values(array: pa.Array, *, fill: object) -> NDArray[Any]:
    values: NDArray[Any] = pc.fill_null(array, fill).to_numpy(zero_copy_only=False)
    return values


def _missing(array: pa.Array) -> Missing:
    if not array.null_count:
        return None
    missing: NDArray[np.bool_] = array.is_null().to_numpy(zero_copy_only=False)
    return missing


_READERS: Final[tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], Cells]], ...]] = (
    (pa.types.is_null, lambda array: Texts([None] * len(array))),
    (pa.types.is_boolean, lambda array: Numbers(_values(array, fill=False), _missing(array))),
    (pa.types.is_integer, lambda array: Numbers(_values(array, fill=0), _missing(array))),
    (pa.types.is_floating, lambda array: Numbers(_values(array, fill=0), _missing(array))),
    (pa.types.is_decimal, lambda array: cells_of(pc.cast(array, pa.float64()))),
    (pa.types.is_date, _days_of),
    (pa.types.is_timestamp, datetimes_of),
)
