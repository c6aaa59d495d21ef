"""schema.json: the cleaning rules of every column, as a Frictionless Table Schema."""

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
    stated = column.model_dump(mode="json")
    facts = {fact: stated[setting] for setting, fact in _FACTS.items() if setting in stated}
    constraints = {
        constraint: stated[setting]
        for setting, constraint in CONSTRAINTS.items()
        if setting in stated
    }
    return (
        {"name": name, "type": kind} | facts | ({"constraints": constraints} if constraints else {})
    )


def setting_of(constraint: str) -> str:
    """Return the name of the setting behind a constraint of schema.json."""
    return next(setting for setting, name in CONSTRAINTS.items() if name == constraint)
