"""Type promotion: the common type of a column whose type differs between files."""

import pyarrow as pa
from pyarrow import types

MAX_DECIMAL_DIGITS = 38
"""Few Parquet readers support wider decimals."""

_INTEGER_DIGITS = {8: 3, 16: 5, 32: 10, 64: 20}
"""Maximum decimal digits of an integer, by its number of bits."""


def common_type(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """Return a type that holds the values of both types exactly, or None.

    Integers and floats become doubles; integers beyond 2^53 are detected in the conversion.
    """
    if one == other or types.is_null(other):
        return one
    if types.is_null(one):
        return other
    if not _are_compatible(one, other):
        return None
    if types.is_floating(one) or types.is_floating(other):
        return pa.float64()
    if types.is_decimal(one) or types.is_decimal(other):
        return _common_decimal(_as_decimal(one), _as_decimal(other))
    return _unify(one, other)


def _unify(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    schemas = [pa.schema([("", data_type)]) for data_type in (one, other)]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").types[0]
    except pa.ArrowException:
        return None


def _are_compatible(one: pa.DataType, other: pa.DataType) -> bool:
    families = {_family(one), _family(other)}
    if types.is_timestamp(one) and types.is_timestamp(other):
        return bool(one.tz == other.tz)
    exact = {"integer", "decimal"}
    return (
        families <= exact or families <= {"integer", "floating"} or families in ({"time"}, {"date"})
    )


def _as_decimal(data_type: pa.DataType) -> pa.Decimal128Type:
    if types.is_decimal(data_type):
        return data_type
    return pa.decimal128(_INTEGER_DIGITS[data_type.bit_width])


def _common_decimal(one: pa.Decimal128Type, other: pa.Decimal128Type) -> pa.Decimal128Type | None:
    scale = max(one.scale, other.scale)
    precision = max(one.precision - one.scale, other.precision - other.scale) + scale
    return pa.decimal128(precision, scale) if precision <= MAX_DECIMAL_DIGITS else None


def _family(data_type: pa.DataType) -> str:
    """Return the family of a type; a type without a family is its own."""
    for name in ("integer", "decimal", "floating", "time", "date"):
        if getattr(types, f"is_{name}")(data_type):
            return name
    return str(data_type)
