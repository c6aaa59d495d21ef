"""Cells as Python values and as JSON values."""

import math
from decimal import Decimal
from typing import Any

import pyarrow as pa


def python_values(cells: pa.Array) -> list[Any]:
    """Return the cells of an array; an instant outside Python's datetime range becomes a text."""
    if pa.types.is_dictionary(cells.type):
        # Decode all cells in one step, not cell by cell.
        cells = cells.dictionary_decode()
    try:
        values: list[Any] = cells.to_pylist()
    except (OverflowError, ValueError):
        return [_python_value(cell) for cell in cells]
    return values


def as_json(value: Any) -> Any:
    """Return a cell as a JSON value: NaN becomes null, infinity and decimals become texts."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def _python_value(cell: pa.TimestampScalar) -> Any:
    try:
        return cell.as_py()
    except (OverflowError, ValueError):
        return f"{cell.value} {cell.type.unit} since 1970"
