"""Columns of a clean table, read from its schema.json."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
from stage_contract import ContractError, SettingsError, did_you_mean

ColumnType = Literal["string", "number", "integer", "boolean", "datetime", "date"]

ARROW_TYPES: Mapping[ColumnType, pa.DataType] = {
    "string": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "datetime": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
}


@dataclass(frozen=True)
class Column:
    """A column and its field in schema.json."""

    name: str
    type: ColumnType
    field: Mapping[str, Any]

    @property
    def is_private(self) -> bool:
        return bool(self.field.get("private", False))

    @property
    def is_temporal(self) -> bool:
        return self.type in {"datetime", "date"}


def read_columns(schema_document: Mapping[str, Any], table_schema: pa.Schema) -> tuple[Column, ...]:
    """Return the columns in the order of the table.

    Raises:
        ContractError: Schema.json does not match the table.
    """
    fields = {field["name"]: field for field in schema_document["fields"]}
    if list(fields) != table_schema.names:
        unmatched = sorted(set(fields) ^ set(table_schema.names))
        problem = (
            f"column '{unmatched[0]}' is in only one of them"
            if unmatched
            else "the order of columns differs"
        )
        raise ContractError(
            f"clean-data: schema.json does not match table/: {problem};"
            " rerun the stage that wrote it"
        )
    return tuple(_make_column(field, table_schema.field(name)) for name, field in fields.items())


def require_columns(names: Iterable[str], columns: Sequence[Column], *, setting: str) -> None:
    """Check that the table has every column that a setting names.

    Raises:
        SettingsError: The table has no such column.
    """
    known = [column.name for column in columns]
    for name in names:
        if name not in known:
            raise SettingsError(
                f"[features] {setting} = '{name}': no such column{did_you_mean(name, known)}"
            )


def _make_column(field: Mapping[str, Any], arrow_field: pa.Field) -> Column:
    name, column_type = field["name"], field["type"]
    expected = ARROW_TYPES.get(column_type)
    # Parquet knows one kind of string, and Arrow's writers note in a file what they call theirs.
    is_text = pa.types.is_string(arrow_field.type) or pa.types.is_large_string(arrow_field.type)
    if expected != (pa.string() if is_text else arrow_field.type):
        raise ContractError(
            f"clean-data: column '{name}' is {arrow_field.type} in table/, but schema.json says"
            f" {column_type}, which is {expected or 'not a type of the contract'};"
            " rerun the stage that wrote it"
        )
    return Column(name, column_type, field)
