"""Rows to send: right ones from the model's examples, and what can be wrong with them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.models.model_data import Example, Model
from conformance.models.tensors import Field, Row
from conformance.serving.clients import Protocol

_WRONG: Mapping[str, Sequence[Any]] = {
    "string": [5, ["a"]],
    "number": ["big", True],
    "integer": ["many", 2.5],
    "boolean": ["perhaps", 2],
    "date": ["2024-02-30", "spring"],
    "datetime": ["yesterday", "2024-01-01T25:00:00Z"],
}
"""Values that are not of a type."""


def complete_examples(model: Model) -> list[Example]:
    """Return the examples that have a value in every column."""
    return [each for each in model.examples if None not in each.row.values()]


def required_names(model: Model) -> list[str]:
    """Return the columns that must have a value."""
    return [f["name"] for f in model.fields if f.get("constraints", {}).get("required")]


def wrong_rows(model: Model, protocol: Protocol) -> Iterator[tuple[str, Row]]:
    """Yield rows with one wrong value that can be sent so, and the column that it is in."""
    row = complete_examples(model)[0].row
    for field in model.fields:
        for value in [*_WRONG[field["type"]], *_beyond_constraints(field)]:
            is_number = type(value) in {int, float} and field["type"] in {"number", "integer"}
            if protocol == "predict" or isinstance(value, str) or is_number:
                yield field["name"], {**row, field["name"]: value}


def unusual_rows(model: Model) -> Iterator[tuple[str, Row]]:
    """Yield rows with one value that training did not have, and what it is."""
    row = complete_examples(model)[0].row
    for field in model.fields:
        if not set(field.get("constraints", {})) <= {"required", "minimum"}:
            continue
        value = {
            "string": "never seen in training",
            "number": 1e9,
            "integer": 1_000_000_000,
            "boolean": row[field["name"]],
            "date": "2199-12-31",
            "datetime": "2199-12-31T23:59:59Z",
        }[field["type"]]
        yield f"{field['name']} = {value!r}", {**row, field["name"]: value}


def misspelt(model: Model) -> tuple[str, str]:
    """Return a name that is not a column, and the column that is meant."""
    known = {*(f["name"] for f in model.fields), *model.document["signature"]["ignored"]}
    for name in sorted(known, key=len):
        wrong = name[0] + name[2] + name[1] + name[3:] if len(name) > 3 else name
        if wrong not in known:
            return wrong, name
    raise LookupError("no column of the example has a name that can be misspelt")


def _beyond_constraints(field: Field) -> list[Any]:
    minimum = field.get("constraints", {}).get("minimum")
    return [minimum - 1] if isinstance(minimum, int | float) else []
