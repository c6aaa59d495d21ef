"""schema.json: the cleaning rules of every column, as a Frictionless Table Schema."""

from collections.abc import Mapping
from typing import Any

from clean.field_types import FieldType
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
"""Name in schema.json by name of the setting."""

_FACTS = {
    "description": "description",
    "unit": "unit",
    "private": "private",
    "missing": "missingValues",
    "true_values": "trueValues",
    "false_values": "falseValues",
}


def describe_field(name: str, *, kind: FieldType, column: Column) -> dict[str, Any]:
    """Return the entry of a column in `fields`; what the settings leave open is left out."""
    constraints = _stated(column, CONSTRAINTS)
    return (
        {"name": name, "type": kind}
        | _stated(column, _FACTS)
        | ({"constraints": constraints} if constraints else {})
    )


def setting_of(constraint: str) -> str:
    """Return the name of the setting behind a constraint of schema.json."""
    return next(setting for setting, name in CONSTRAINTS.items() if name == constraint)


def _stated(column: Column, names: Mapping[str, str]) -> dict[str, Any]:
    values = {name: getattr(column, setting) for setting, name in names.items()}
    return {
        name: value for name, value in values.items() if value is not None and value is not False
    }
