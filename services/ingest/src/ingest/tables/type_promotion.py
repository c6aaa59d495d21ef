"""Type promotion: the common type of a column that differs between files."""

import pyarrow as pa
from pyarrow import types

MAX_DECIMAL_DIGITS = 38
"""Few Parquet readers support wider decimals."""


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
    return _unified(one, other)


def _unified(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    schemas = [pa.schema([("", kind)]) for kind in (one, other)]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").types[0]
    except pa.ArrowException:
        return None


def _are_compatible(one: pa.DataType, other: pa.DataType) -> bool:
    kinds = {_kind(one), _kind(other)}
    if types.is_timestamp(one) and types.is_timestamp(other):
        return bool(one.tz == other.tz)
    exact = {"integer", "decimal"}
    return kinds <= exact or kinds <= {"integer", "floating"} or kinds in ({"time"}, {"date"})


def _as_decimal(kind: pa.DataType) -> pa.Decimal128Type:
    if types.is_decimal(kind):
        return kind
    return pa.decimal128({8: 3, 16: 5, 32: 10, 64: 20}[kind.bit_width])


def _common_decimal(one: pa.Decimal128Type, other: pa.Decimal128Type) -> pa.Decimal128Type | None:
    scale = max(one.scale, other.scale)
    precision = max(one.precision - one.scale, other.precision - other.scale) + scale
    return pa.decimal128(precision, scale) if precision <= MAX_DECIMAL_DIGITS else None


def _kind(kind: pa.DataType) -> str:
    for name in ("integer", "decimal", "floating", "time", "date"):
        if getattr(types, f"is_{name}")(kind):
            return name
    return str(kind)
