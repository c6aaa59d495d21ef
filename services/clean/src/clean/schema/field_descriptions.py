"""Descriptions of columns as fields of schema.json, a Frictionless Table Schema."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from type_inference.field_types import FieldType

from clean.settings import Column

CONSTRAINTS = {
    "required": "required",
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusive_minimum": "exclusiveMinimum",
    "exclusive_maximum": "exclusiveMaximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "enum": "enum",
}
"""Constraint name in schema.json, by setting name."""

KEY_BY_SETTING = {
    "description": "description",
    "unit": "unit",
    "private": "private",
    "missing": "missingValues",
    "true_values": "trueValues",
    "false_values": "falseValues",
    "unicode": "unicode",
    "whitespace": "whitespace",
    "case": "case",
    "synonyms": "synonyms",
    "affixes": "affixes",
    "group_char": "groupChar",
    "decimal_char": "decimalChar",
    "percent": "percent",
    "format": "format",
}
"""Field key in schema.json, by setting name."""

KEYS = frozenset({"name", "type", "constraints", *KEY_BY_SETTING.values()})
"""Every key that a field may have."""


class ColumnType(NamedTuple):
    """The type of a column, declared or inferred."""

    kind: FieldType
    keys: Mapping[str, Any] = {}
    """Keys of the field in schema.json, except the type."""
    why: str | None = None
    """Reason for the type, if the values alone are ambiguous; `{where}` is the settings table."""
    is_default: bool = False
    """Whether the type is a default, because no value excludes the other interpretation."""


def describe_field(
    name: str, *, kind: FieldType, column: Column, keys: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the field of a column: `keys`, overridden by the settings that are declared."""
    declared = column.model_dump(mode="json")
    field_keys = {
        key: declared[setting] for setting, key in KEY_BY_SETTING.items() if setting in declared
    }
    constraints = {
        constraint: declared[setting]
        for setting, constraint in CONSTRAINTS.items()
        if setting in declared
    }
    return (
        {"name": name, "type": kind}
        | dict(keys)
        | field_keys
        | ({"constraints": constraints} if constraints else {})
    )


def declared_type(column: Column) -> FieldType | None:
    """Return the type that the settings declare, or that another declared setting implies."""
    if column.type:
        return column.type
    if column.unicode or column.whitespace or column.case or column.synonyms:
        return "string"
    if column.pattern is not None or column.min_length is not None or column.max_length is not None:
        return "string"
    if column.affixes or column.group_char or column.decimal_char or column.percent:
        return "number"
    if column.format:
        return "datetime" if "%H" in column.format or "%I" in column.format else "date"
    return None


def setting_name(key: str) -> str:
    """Return the setting name for a field key or constraint of schema.json."""
    return next(setting for setting, name in (KEY_BY_SETTING | CONSTRAINTS).items() if name == key)
