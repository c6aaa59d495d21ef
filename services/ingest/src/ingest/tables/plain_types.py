"""Plain types: types that every reader supports, instead of encodings."""

import pyarrow as pa

from ingest.settings import Settings
from ingest.tables.column_choice import SourceColumns, unreadable_error
from ingest.tables.structs import type_of_field

_STORED_AS = {
    **{pa.duration(unit): pa.int64() for unit in ("s", "ms", "us", "ns")},
    pa.date64(): pa.date32(),
}
"""Types that Parquet stores as others."""


def plain_schema(
    schema: pa.Schema, columns: SourceColumns, *, name: str, settings: Settings
) -> pa.Schema:
    """Return the schema of the columns that are read, with plain types and without metadata.

    Raises:
        ContractError: Columns of the file `name` are nested, or have a type of no plain values.
    """
    fields: list[pa.Field] = []
    unreadable: dict[str, str] = {}
    structs: list[str] = []
    for column in columns.read:
        stored = schema.field(column.place).type
        kind = _plain_type(type_of_field(stored, column.path))
        if pa.types.is_interval(kind) or pa.types.is_run_end_encoded(kind):
            unreadable[column.name] = f"is {kind}, which Parquet does not know"
        elif pa.types.is_nested(kind):
            unreadable[column.name] = f"is nested ({kind})"
            structs += [column.name] if pa.types.is_struct(kind) and not settings.flatten else []
        fields.append(pa.field(column.name, kind))
    if unreadable:
        raise unreadable_error(name, unreadable, settings, structs=structs)
    return pa.schema(fields)


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
