"""The columns of a clean table, as its schema.json describes them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
from stage_contract import ContractError, SettingsError, did_you_mean

Type = Literal["string", "number", "integer", "boolean", "datetime", "date"]

ARROW_TYPES: Mapping[Type, pa.DataType] = {
    "string": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "datetime": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
}


@dataclass(frozen=True)
class Column:
    """One column and its field in schema.json."""

    name: str
    type: Type
    field: Mapping[str, Any]

    @property
    def is_private(self) -> bool:
        return bool(self.field.get("private", False))

    @property
    def is_time(self) -> bool:
        return self.type in {"datetime", "date"}


def read_columns(document: Mapping[str, Any], schema: pa.Schema) -> tuple[Column, ...]:
    """Return the columns in the order of the table.

    Raises:
        ContractError: schema.json and the table disagree.
    """
    fields = {field["name"]: field for field in document["fields"]}
    if list(fields) != schema.names:
        differing = sorted(set(fields) ^ set(schema.names)) or ["the order"]
        raise ContractError(
            f"clean-data: schema.json and table/ differ in {differing[0]};"
            " run the stage that wrote them again"
        )
    return tuple(_column(field, schema.field(name)) for name, field in fields.items())


def require_known(names: Iterable[str], columns: Sequence[Column], *, setting: str) -> None:
    """Check that a setting names columns of the table.

    Raises:
        SettingsError: it names another.
    """
    known = [column.name for column in columns]
    for name in names:
        if name not in known:
            raise SettingsError(
                f"[features] {setting} = '{name}': no such column{did_you_mean(name, known)}"
            )


def _column(field: Mapping[str, Any], found: pa.Field) -> Column:
    kind: Type = field["type"]
    expected = ARROW_TYPES.get(kind)
    if expected != found.type:
        raise ContractError(
            f"clean-data: column '{found.name}' is {found.type}, schema.json says {kind};"
            f" expected {expected or 'a type of the contract'}, run the stage that wrote it again"
        )
    return Column(found.name, kind, field)
