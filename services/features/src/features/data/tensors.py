"""Rows as the graph's inputs: Arrow columns to one tensor of doubles and one of texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MICROSECONDS = 1_000_000
SECONDS_PER_DAY = 86_400

type Tensors = Mapping[str, NDArray[np.float64] | NDArray[np.object_]]
"""`numbers` double[N,k] and `strings` object[N,m]; an empty group is left out."""


@dataclass(frozen=True)
class Inputs:
    """Input columns of the graph, in the order of the two groups."""

    numbers: tuple[str, ...]
    strings: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.numbers) + len(self.strings)

    def pack(self, batch: pa.RecordBatch | pa.Table) -> Tensors:
        """Return the tensors of a batch; missing is NaN or an empty text."""
        groups: dict[str, NDArray[np.float64] | NDArray[np.object_]] = {}
        if self.numbers:
            groups["numbers"] = np.column_stack([as_doubles(batch[name]) for name in self.numbers])
        if self.strings:
            groups["strings"] = np.column_stack([as_texts(batch[name]) for name in self.strings])
        return groups


def as_doubles(array: pa.Array | pa.ChunkedArray) -> NDArray[np.float64]:
    """Return numbers, booleans as 0 and 1, timestamps as seconds since 1970; missing is NaN."""
    kind = array.type
    divisor, factor = 1, 1
    if pa.types.is_timestamp(kind):
        array, divisor = array.cast(pa.int64()), MICROSECONDS
    elif pa.types.is_date32(kind):
        array, factor = array.cast(pa.int32()), SECONDS_PER_DAY
    # Unsafe: a double cannot represent every microsecond after the year 2255.
    doubles = pc.fill_null(array.cast(pa.float64(), safe=False), np.nan)
    values: NDArray[np.float64] = doubles.to_numpy(zero_copy_only=False) / divisor * factor
    return values


def as_flags(array: pa.Array) -> NDArray[np.bool_]:
    """Return booleans; missing values are false."""
    flags: NDArray[np.bool_] = pc.fill_null(array, fill_value=False).to_numpy(zero_copy_only=False)
    return flags


def as_texts(array: pa.Array | pa.ChunkedArray) -> NDArray[np.object_]:
    """Return texts, integers without fraction; missing is the empty text."""
    texts = pc.fill_null(array.cast(pa.string()), "")
    values: NDArray[np.object_] = texts.to_numpy(zero_copy_only=False)
    return values


def select_rows(tensors: Tensors, rows: slice | Sequence[int]) -> Tensors:
    """Return the tensors of the selected rows."""
    return {group: values[rows] for group, values in tensors.items()}
