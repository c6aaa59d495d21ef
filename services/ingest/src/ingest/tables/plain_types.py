"""Plain types: types that every reader supports, instead of encodings."""

import pyarrow as pa
from stage_contract import ContractError

_STORED_AS = {
    **{pa.duration(unit): pa.int64() for unit in ("s", "ms", "us", "ns")},
    pa.date64(): pa.date32(),
}
"""Types that Parquet stores as others."""


def plain_schema(schema: pa.Schema, name: str) -> pa.Schema:
    """Return the schema with plain types and without metadata.

    Raises:
        ContractError: A column of the file `name` is nested.
    """
    return pa.schema([_plain(field, name) for field in schema])


def _plain(field: pa.Field, name: str) -> pa.Field:
    kind = _plain_type(field.type)
    if pa.types.is_interval(kind) or pa.types.is_run_end_encoded(kind):
        raise ContractError(
            f"{name}: column '{field.name}' is {kind}, which Parquet does not know; expected plain"
            " values, write them as a number, a text or another time"
        )
    if pa.types.is_nested(kind):
        raise ContractError(
            f"{name}: column '{field.name}' is nested ({kind}); expected one value a cell,"
            " flatten it before"
        )
    return pa.field(field.name, kind)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the plain type for these values."""
    if isinstance(kind, pa.BaseExtensionType):
        return _plain_type(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    return _STORED_AS.get(kind, kind)
