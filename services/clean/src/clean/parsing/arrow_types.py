"""The contract's types in Arrow, and the contract's type of an Arrow column."""

import pyarrow as pa
from type_inference.field_types import FieldType

ARROW: dict[FieldType, pa.DataType] = {
    "string": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "datetime": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
}


def is_text(arrow_type: pa.DataType) -> bool:
    """Return whether the cells are texts, which may hold values of another type."""
    if pa.types.is_dictionary(arrow_type):
        arrow_type = arrow_type.value_type
    return bool(pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type))


def is_naive(arrow_type: pa.DataType) -> bool:
    """Return whether the cells are timestamps without a time zone."""
    return bool(pa.types.is_timestamp(arrow_type)) and arrow_type.tz is None


def native_type(arrow_type: pa.DataType) -> FieldType | None:
    """Return the contract's type for a column of a typed source, or None if there is none."""
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
