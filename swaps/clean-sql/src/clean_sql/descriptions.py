"""Descriptions: a column's entry in schema.json, from its settings."""

from collections.abc import Mapping
from typing import Any

from clean_sql.settings import Column, FieldType

EXPECTED: Mapping[FieldType, str] = {
    "string": "a text",
    "number": "a number",
    "integer": "an integer within ±2^53",
    "boolean": "true or false",
    "datetime": "a datetime such as 2013-01-31T05:00:00Z",
    "date": "a date such as 2013-01-31",
}
CONSTRAINTS = {
    "required": ("required", "a value"),
    "minimum": ("minimum", "≥ {}"),
    "maximum": ("maximum", "≤ {}"),
    "exclusive_minimum": ("exclusiveMinimum", "> {}"),
    "exclusive_maximum": ("exclusiveMaximum", "< {}"),
    "min_length": ("minLength", "at least {} characters"),
    "max_length": ("maxLength", "at most {} characters"),
    "pattern": ("pattern", "a text that matches {}"),
    "enum": ("enum", "one of {}"),
}
"""By setting: the name in schema.json, and the expectation for a cell."""

SETTINGS = {name: setting for setting, (name, _) in CONSTRAINTS.items()}
_FACTS = {
    "description": "description",
    "unit": "unit",
    "private": "private",
    "missing": "missingValues",
    "true_values": "trueValues",
    "false_values": "falseValues",
}


def describe(name: str, kind: FieldType, column: Column) -> dict[str, Any]:
    """Return the entry of a column in `fields` of schema.json."""
    stated = column.model_dump(mode="json")
    facts = {fact: stated[setting] for setting, fact in _FACTS.items() if setting in stated}
    constraints = {
        constraint: stated[setting]
        for setting, (constraint, _) in CONSTRAINTS.items()
        if setting in stated
    }
    return (
        {"name": name, "type": kind} | facts | ({"constraints": constraints} if constraints else {})
    )
