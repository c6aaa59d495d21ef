"""Masks of arrays: cells that do not meet a condition become null."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def keep_where(mask: pa.Array, values: pa.Array) -> pa.Array:
    """Return the values where the mask is true, null elsewhere."""
    return pc.if_else(pc.fill_null(mask, fill_value=False), values, pa.scalar(None, values.type))


def keep_between(values: pa.Array, low: Any, high: Any) -> pa.Array:
    """Return the values from `low` to `high`, both included."""
    first, last = pa.scalar(low, values.type), pa.scalar(high, values.type)
    inside = pc.and_(pc.greater_equal(values, first), pc.less_equal(values, last))
    return keep_where(inside, values)
