"""schema.json: the cleaning rules of every column, as a Frictionless Table Schema."""

from collections.abc import Mapping
from typing import Any

from clean.parsing.field_types import FieldType
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

FACTS = {
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
"""Key of a field by name of the setting."""

KEYS = frozenset({"name", "type", "constraints", *FACTS.values()})
"""Every key that a field may have here."""


def describe_field(
    name: str, *, kind: FieldType, column: Column, keys: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the entry of a column in `fields`: `keys`, and what the settings say, in this order.

    What both leave open is left out.
    """
    stated = column.model_dump(mode="json")
    facts = {fact: stated[setting] for setting, fact in FACTS.items() if setting in stated}
    constraints = {
        constraint: stated[setting]
        for setting, constraint in CONSTRAINTS.items()
        if setting in stated
    }
    return (
        {"name": name, "type": kind}
        | dict(keys)
        | facts
        | ({"constraints": constraints} if constraints else {})
    )


def declared_type(column: Column) -> FieldType | None:
    """Return the type that the settings give a column, if only by a key that fits one alone."""
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


def setting_of(key: str) -> str:
    """Return the name of the setting behind a key or a constraint of a field in schema.json."""
    return next(setting for setting, name in (FACTS | CONSTRAINTS).items() if name == key)
