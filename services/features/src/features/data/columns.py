"""Columns of a clean table, read from its schema.json."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
from stage_contract import Artifact, ContractError, SettingsError, did_you_mean

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


class UnknownColumnError(SettingsError):
    """A setting names a column that the table does not have."""

    def __init__(self, where: str, name: str, known: Sequence[str]) -> None:
        super().__init__(f"{where}: no such column{did_you_mean(name, known)}")
        self.where = where
        self.name = name


@contextmanager
def explain_skipped(source: Artifact) -> Iterator[None]:
    """Say of an unknown column that ingest skipped it, if it did.

    Raises:
        SettingsError: A setting names a column that the table does not have.
    """
    try:
        yield
    except UnknownColumnError as error:
        if hint := source.skipped_hint(error.name):
            raise SettingsError(f"{error.where}: no such column{hint}") from None
        raise


def require_columns(names: Iterable[str], columns: Sequence[Column], *, setting: str) -> None:
    """Check that the table has every column that a setting names.

    Raises:
        UnknownColumnError: The table has no such column.
    """
    known = [column.name for column in columns]
    for name in names:
        if name not in known:
            raise UnknownColumnError(f"[features] {setting} = '{name}'", name, known)


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
