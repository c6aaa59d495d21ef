"""The six types of the contract and their form in Arrow."""

from typing import Literal

import pyarrow as pa

FieldType = Literal["string", "number", "integer", "boolean", "datetime", "date"]

WHOLE_LIMIT = 2**53
"""Integers within ± this are exact in a double, which is what the graph takes."""

ARROW: dict[FieldType, pa.DataType] = {
    "string": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "datetime": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
}

EXPECTED: dict[FieldType, str] = {
    "string": "a text",
    "number": "a number",
    "integer": "an integer within ±2^53",
    "boolean": "true or false",
    "datetime": "a datetime such as 2013-01-31T05:00:00Z",
    "date": "a date such as 2013-01-31",
}
"""What a cell of a type should have been, for messages."""


def is_text(arrow_type: pa.DataType) -> bool:
    """Return whether cells of this type are texts that may still hold another type."""
    return bool(pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type))


def native_type(arrow_type: pa.DataType) -> FieldType | None:
    """Return the contract's type for a column of a typed source; None if it has none."""
    if is_text(arrow_type) or pa.types.is_null(arrow_type):
        return "string"
    if pa.types.is_boolean(arrow_type):
        return "boolean"
    if pa.types.is_integer(arrow_type):
        return "integer"
    if pa.types.is_floating(arrow_type) or pa.types.is_decimal(arrow_type):
        return "number"
    if pa.types.is_date(arrow_type):
        return "date"
    return "datetime" if pa.types.is_timestamp(arrow_type) else None
