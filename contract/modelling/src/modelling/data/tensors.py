"""Packing of raw rows into the two inputs of the graph, by column type."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute
from stage_contract import ContractError

from modelling.data.problem import InputColumn, Schema

SECONDS_PER_DAY = 86_400
MICROSECONDS = 1_000_000

type Tensors = dict[str, NDArray[Any]]
"""`numbers` float64[N,k] and `strings` object[N,m]; an input without columns is omitted."""


def pack(rows: pa.RecordBatch | pa.Table, schema: Schema) -> Tensors:
    """Return the graph's inputs for typed rows.

    Raises:
        ContractError: A column has another type in Parquet than in schema.json.
    """
    tensors: Tensors = {}
    if numbers := schema.group("numbers"):
        tensors["numbers"] = np.column_stack([_pack_column(rows, column) for column in numbers])
    if strings := schema.group("strings"):
        tensors["strings"] = np.column_stack([_pack_column(rows, column) for column in strings])
    return tensors


def _pack_column(rows: pa.RecordBatch | pa.Table, column: InputColumn) -> NDArray[Any]:
    values = rows[column.name]
    try:
        if column.input.group == "numbers":
            return as_numbers(values)
        return as_strings(values)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise ContractError(
            f"test-rows/: column '{column.name}' is {values.type} in Parquet, but schema.json"
            f" says {column.type}, which goes to {column.input.group}; run features again"
        ) from None


def as_numbers(values: pa.Array | pa.ChunkedArray) -> NDArray[np.float64]:
    """Return doubles: booleans as 0 and 1, times as seconds since 1970, missing as NaN."""
    kind = values.type
    if pa.types.is_timestamp(kind):
        seconds = as_numbers(values.cast(pa.timestamp("us", kind.tz)).cast(pa.int64()))
        return seconds / MICROSECONDS
    if pa.types.is_date32(kind):
        return as_numbers(values.cast(pa.int32())) * SECONDS_PER_DAY
    doubles = values.cast(pa.float64(), safe=False)
    packed: NDArray[np.float64] = doubles.to_numpy(zero_copy_only=False)
    return packed


def as_strings(values: pa.Array | pa.ChunkedArray) -> NDArray[np.object_]:
    """Return texts: missing values as empty texts, integers without a fraction."""
    if not (pa.types.is_string(values.type) or pa.types.is_integer(values.type)):
        raise pa.ArrowInvalid("expected texts or integers")
    texts = compute.fill_null(values.cast(pa.string()), "")
    return np.asarray(texts.to_numpy(zero_copy_only=False), dtype=object)


def show_row(tensors: Tensors, row: int, *, schema: Schema) -> dict[str, object]:
    """Return a row's values for a message, without private columns."""
    return {
        column.name: tensors[column.input.group][row, column.input.index]
        for column in schema.fields
        if not column.private
    }
